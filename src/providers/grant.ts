// What does an entry grant to a namespace?
import type { Entry } from "../api/registry-credential.ts";
import type { Cause, Failure } from "../runtime/errors.ts";
import { canonicalHost } from "../registry/host.ts";
import { acrGrants } from "./acr/grant.ts";
import { ecrGrants, ecrPublicGrants } from "./ecr/grant.ts";
import { googleGrants } from "./google/grant.ts";
import { icrGrants } from "./icr/grant.ts";
import { ocirGrants } from "./ocir/grant.ts";
import { staticGrants } from "./static/grant.ts";
import { tokenExchangeGrants } from "./token-exchange/grant.ts";
import type {
  AcrGrant,
  EcrGrant,
  EcrPublicGrant,
  GoogleGrant,
  HostGroup,
  IcrGrant,
  OcirGrant,
  RenderScope,
  StaticGrant,
  TokenExchangeGrant,
} from "./grant-types.ts";

/**
 * An entry rendered for a namespace: all that decides which token is needed, and nothing else (no names of entries, no
 * hosts but where they are the endpoint), so that namespaces that render alike share one token.
 */
export type Grant =
  | AcrGrant
  | EcrGrant
  | EcrPublicGrant
  | GoogleGrant
  | IcrGrant
  | OcirGrant
  | StaticGrant
  | TokenExchangeGrant;

/**
 * The entry's hosts, split by what one token can serve. A failure concerns these hosts in this namespace only. Where the
 * entry names its registry, one token serves all its hosts, which are not the cloud's.
 */
export function grantsOf(entry: Entry, scope: RenderScope): readonly HostGroup<Grant>[] {
  const odd = entry.hosts.filter((host) => host !== "*" && canonicalHost(host) === undefined);
  if (odd.length === 0) return grantsAt(entry, scope);
  const hosts = entry.hosts.filter((host) => !odd.includes(host));
  const refused = { hosts: odd, grant: noHosts(odd) };
  return hosts.length === 0 ? [refused] : [...grantsAt({ ...entry, hosts }, scope), refused];
}

function grantsAt(entry: Entry, scope: RenderScope): readonly HostGroup<Grant>[] {
  if (entry.registry === undefined) return grantsOfKind(entry, scope);
  const grants = grantsOfKind({ ...entry, hosts: [entry.registry] }, scope);
  return grants.map(({ grant }) => ({ hosts: entry.hosts, grant }));
}

/** The API server refuses them; an object of before may still have one. */
function noHosts(hosts: readonly string[]): Failure {
  return {
    reason: "InvalidHost",
    cause: "Platform",
    retry: "on-change",
    message: `${hosts.map((host) => JSON.stringify(host)).join(", ")} in hosts can be no registry: write a literal host of ASCII letters with optional port and path, such as registry.example.com:5000/team`,
  };
}

function grantsOfKind(entry: Entry, scope: RenderScope): readonly HostGroup<Grant>[] {
  switch (entry.provider) {
    case "ECR":
      return ecrGrants(entry, scope);
    case "ECRPublic":
      return ecrPublicGrants(entry, scope);
    case "ACR":
      return acrGrants(entry, scope);
    case "GCR":
    case "GAR":
      return googleGrants(entry, scope);
    case "OCIR":
      return ocirGrants(entry, scope);
    case "ICR":
      return icrGrants(entry, scope);
    case "Static":
      return staticGrants(entry, scope);
    case "TokenExchange":
      return tokenExchangeGrants(entry, scope);
  }
}

/** Who can mend what is wrong with the grant's source. */
export function causeOf(grant: Grant): Cause {
  const tenants = grant.provider === "Static" ? grant.perTenant : grant.identity.from === "TenantServiceAccount";
  return tenants ? "Tenant" : "Platform";
}

/** Tells a failure from what was wanted. */
export function isFailure<T extends object>(value: T | Failure): value is Failure {
  return "reason" in value && "retry" in value;
}
