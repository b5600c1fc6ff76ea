// May credentials of this registry be sent to the token server that its challenge names?

// Companions of registries whose token server has another name: registries.md sections 7 and 12, vendors' documentation.
const companions: Readonly<Record<string, readonly string[]>> = {
  "docker.io": ["auth.docker.io"],
  "registry.gitlab.com": ["gitlab.com"],
};

/** The realm as a URL if it is https (or as plain as the registry itself) and on the registry's host or a known companion. */
export function trustedRealm(realm: string, registry: URL, host: string): URL | undefined {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    return undefined;
  }
  if (url.username !== "" || url.password !== "") return undefined;
  if (url.protocol !== "https:" && url.protocol !== registry.protocol) return undefined;
  const allowed = [registry.host, ...(companions[host] ?? [])];
  // The regional endpoint of an ACR registry (r.westeurope.geo.azurecr.io) sends to the login server r.azurecr.io.
  const acr = /^([a-z0-9]+)\.[a-z0-9]+\.geo\.(azurecr\.(?:io|us|cn))$/.exec(registry.host);
  if (acr) allowed.push(`${acr[1]}.${acr[2]}`);
  return allowed.includes(url.host) ? url : undefined;
}
