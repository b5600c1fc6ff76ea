// The allow-list: the hosts to which credentials may be sent. (pure)
import { globMatches } from "../../runtime/glob.ts";
import { asciiLowerCase } from "../../runtime/ascii.ts";
import { hostPattern } from "../../registry/host-templates.ts";
import type { ProviderList } from "../definition.ts";
import { providers as ownProviders } from "../index.ts";
import { kindsOf } from "../kinds.ts";

/** The vendors' registries, and what each runs beside them. */
function vendorsOf(providers: ProviderList): RegExp {
  const patterns = [...kindsOf(providers).values()].map(({ registries, hosts }) =>
    // A key in a docker config may have a star; a host that is spoken to is one.
    hostPattern([...hosts, ...(registries?.templates ?? [])], { ...registries?.places, accounts: "[0-9]{12}" }),
  );
  return new RegExp(`^(?:${[...new Set(patterns)].join("|")})$`);
}

/** Of https, where a glob names no port. */
const defaultPort = 443;

// `*` and `?` as everywhere in regcred, then perhaps a port; an IPv6 address stands in brackets.
const hostGlob = /^(?:[a-z0-9*?](?:[-a-z0-9*?._]{0,252})|\[[0-9a-f:.*]{2,45}\])(?::(?:[0-9]{1,5}|\*))?$/i;

/** Is it a value of --allowed-hosts or --allowed-private-hosts: `harbor.corp`, `*.corp:5000`, `10.0.0.7:*`? */
export function isHostGlob(text: string): boolean {
  return hostGlob.test(text);
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
  const added = globs.map(parsed);
  return (host, port) =>
    (port === defaultPort && vendors.test(host)) ||
    added.some((glob) => globMatches(glob.host, host) && (glob.port === "*" || glob.port === String(port)));
}

/** Which hosts may have addresses of a private network: those that --allowed-private-hosts lists, on any port. */
export function privateHosts(globs: readonly string[]): (host: string) => boolean {
  const listed = globs.map((glob) => parsed(glob).host);
  return (host) => listed.some((glob) => globMatches(glob, host));
}

function parsed(glob: string): { readonly host: string; readonly port: string } {
  const [, host = "", port = String(defaultPort)] = /^(.*?)(?::([0-9]+|\*))?$/.exec(asciiLowerCase(glob)) ?? [];
  return { host, port };
}
