// Decides whether credentials of a registry may be sent to the token server that its challenge names.
import { azureRegistries } from "./azure-registries.ts";
import { registryOf } from "./host.ts";
import { registryHost } from "./host-templates.ts";

// Registries whose token server has another name: the realms that their own challenges name.
const companions: Readonly<Record<string, readonly string[]>> = {
  "docker.io": ["auth.docker.io"],
  "registry.gitlab.com": ["gitlab.com"],
};

/** Whose a challenge is, and which token servers besides its own its entry trusts, as `host[:port]`. */
export interface RealmOwner {
  readonly registry: URL;
  /** As images name it. */
  readonly host: string;
  readonly tokenServers?: readonly string[] | undefined;
}

/**
 * The realm as a URL if it is https (or as plain as the registry itself) and on the registry's host, a known companion or a
 * token server that the entry names.
 */
export function trustedRealm(realm: string, { registry, host, tokenServers = [] }: RealmOwner): URL | undefined {
  const url = URL.parse(realm);
  if (!url) return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  if (url.protocol !== "https:" && url.protocol !== registry.protocol) return undefined;
  const allowed = [registry.host, ...(companions[registryOf(host)] ?? [])];
  // The regional endpoint of an ACR registry (r.westeurope.geo.azurecr.io) sends to the login server r.azurecr.io.
  const azure = registryHost(azureRegistries, registry.host)?.places;
  if (azure) allowed.push(`${azure["acr"]}.${azure["azure"]}`);
  if (allowed.includes(url.host)) return url;
  // Nobody wrote plain http down.
  return url.protocol === "https:" && tokenServers.some((server) => hostOf(server) === url.host) ? url : undefined;
}

// What an entry may name (`textRules.tokenServer` in src/api/rules.ts): a URL's host may hold quotation marks, commas and more.
const longestServer = 259;
const nameOfServer = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/;

/** What to write so that the realm, whose text the registry has chosen, is trusted; undefined where nothing makes it so. */
export function tokenServerOf(realm: string): string | undefined {
  const url = URL.parse(realm);
  const isSafe = url?.protocol === "https:" && url.username === "" && url.password === "";
  return isSafe && url.host.length <= longestServer && nameOfServer.test(url.host) ? url.host : undefined;
}

/** As `URL.host` spells it: without https's own port. */
function hostOf(server: string): string | undefined {
  return URL.parse(`https://${server}`)?.host;
}
