// Globs of hosts, as --allowed-hosts and --allowed-private-hosts take them. Apart from allow-list.ts, which loads the providers:
// whoever only reads settings needs none. (pure)
import { globMatches } from "../../runtime/glob.ts";
import { asciiLowerCase } from "../../runtime/ascii.ts";

/** Of https, where a glob names no port. */
export const defaultPort = 443;

// `*` and `?` as everywhere in regcred, then perhaps a port; an IPv6 address stands in brackets.
const hostGlob = /^(?:[a-z0-9*?](?:[-a-z0-9*?._]{0,252})|\[[0-9a-f:.*]{2,45}\])(?::(?:[0-9]{1,5}|\*))?$/i;

/** Whether it is a value of --allowed-hosts or --allowed-private-hosts: `harbor.corp`, `*.corp:5000`, `10.0.0.7:*`. */
export function isHostGlob(text: string): boolean {
  return hostGlob.test(text);
}

/** Which hosts may have addresses of a private network: those that --allowed-private-hosts lists, on any port. */
export function privateHosts(globs: readonly string[]): (host: string) => boolean {
  const listed = globs.map((glob) => parsedHostGlob(glob).host);
  return (host) => listed.some((glob) => globMatches(glob, host));
}

export function parsedHostGlob(glob: string): { readonly host: string; readonly port: string } {
  const [, host = "", port = String(defaultPort)] = /^(.*?)(?::([0-9]+|\*))?$/.exec(asciiLowerCase(glob)) ?? [];
  return { host, port };
}
