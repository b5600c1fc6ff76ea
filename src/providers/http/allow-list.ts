// The allow-list: the hosts to which credentials may be sent. (pure)
import { globMatches } from "../../runtime/glob.ts";
import { hostPattern } from "../../registry/host-templates.ts";
import type { ProviderList } from "../definition.ts";
import { providers as ownProviders } from "../index.ts";
import { kindsOf } from "../kinds.ts";
import { defaultPort, parsedHostGlob } from "./host-globs.ts";

/** The vendors' registries, and what each runs beside them. */
function vendorsOf(providers: ProviderList): RegExp {
  const patterns = [...kindsOf(providers).values()].map(({ registries, hosts }) =>
    // A key in a docker config may have a star; a host that is spoken to is one.
    hostPattern([...hosts, ...(registries?.templates ?? [])], { ...registries?.places, accounts: "[0-9]{12}" }),
  );
  return new RegExp(`^(?:${[...new Set(patterns)].join("|")})$`);
}

/**
 * The vendors' hosts on 443, and what --allowed-hosts adds; a glob without a port means 443.
 * The host that is asked about is spelled as `URL.hostname` does: small letters, an IPv6 address in brackets.
 */
export function allowedHosts(
  globs: readonly string[],
  providers: ProviderList = ownProviders,
): (host: string, port: number) => boolean {
  const vendors = vendorsOf(providers);
  const added = globs.map(parsedHostGlob);
  return (host, port) =>
    (port === defaultPort && vendors.test(host)) ||
    added.some((glob) => globMatches(glob.host, host) && (glob.port === "*" || glob.port === String(port)));
}
