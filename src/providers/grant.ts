// Grants of an entry in a namespace.
import { canonicalHost } from "../registry/host.ts";
import type { Cause, Failure } from "../runtime/errors.ts";
import type { ProviderList } from "./definition.ts";
import type { HostGroup, RenderScope } from "./grant-types.ts";
import { type Entry, type Grant, providers as ownProviders } from "./index.ts";
import { kindOf } from "./kinds.ts";
import { invalid } from "./rendering.ts";

export type { Grant } from "./index.ts";

/**
 * The entry's hosts, split by what one token can serve. A failure concerns these hosts in this namespace only. Where the
 * entry names its registry, one token serves all its hosts, which are not the cloud's.
 */
export function grantsOf(
  entry: Entry,
  scope: RenderScope,
  providers: ProviderList = ownProviders,
): readonly HostGroup<Grant>[] {
  const odd = entry.hosts.filter((host) => host !== "*" && canonicalHost(host) === undefined);
  if (odd.length === 0) return grantsAt(entry, scope, providers);
  const hosts = entry.hosts.filter((host) => !odd.includes(host));
  const refused = { hosts: odd, grant: noHosts(odd) };
  return hosts.length === 0 ? [refused] : [...grantsAt({ ...entry, hosts }, scope, providers), refused];
}

function grantsAt(entry: Entry, scope: RenderScope, providers: ProviderList): readonly HostGroup<Grant>[] {
  const kind = kindOf(providers, entry.provider);
  // The list pairs each kind with its entries and grants; the compiler cannot follow that through the name.
  const grants = (one: Entry) => kind.grants(one as never, scope) as readonly HostGroup<Grant>[];
  if (entry.registry === undefined) return grants(entry);
  return grants({ ...entry, hosts: [entry.registry] }).map(({ grant }) => ({ hosts: entry.hosts, grant }));
}

/** The API server refuses them; an object of before may still have one. */
function noHosts(hosts: readonly string[]): Failure {
  return invalid(
    "InvalidHost",
    `${hosts.map((host) => JSON.stringify(host)).join(", ")} in hosts can be no registry: write a literal host of ASCII letters with optional port and path, such as registry.example.com:5000/team`,
  );
}

/** Who can fix what is wrong with the grant's source. */
export function causeOf(grant: Grant): Cause {
  const tenants = "identity" in grant ? grant.identity.from === "TenantServiceAccount" : grant.perTenant;
  return tenants ? "Tenant" : "Platform";
}

/** Tells a failure from what was wanted. */
export function isFailure<T extends object>(value: T | Failure): value is Failure {
  return "reason" in value && "retry" in value;
}
