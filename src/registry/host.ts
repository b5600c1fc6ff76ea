// Which one spelling does a registry have, and under which key does a docker config hold it?

// The names under which docker clients know Docker Hub; its API host is registry-1.docker.io (registries.md 7.1, 12).
const dockerHub = "docker.io";
const dockerHubAliases = new Set(["index.docker.io", "registry-1.docker.io"]);

// What `docker login` and `kubectl create secret docker-registry` write for Docker Hub, and the kubelet's default
// registry key: kubernetes pkg/credentialprovider/keyring.go.
const dockerHubConfigKey = "https://index.docker.io/v1/";

// DNS names end at 253 characters (RFC 1035), repository names at 255 (distribution/reference); the rest is a port.
const longestHost = 253 + 6 + 255;

// Labels may hold `*`, because the kubelet accepts globs there; a `?` would start the query of a URL.
const label = "[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?";
const canonical = new RegExp(
  `^(?<name>${label}(?:\\.${label})*|\\[[0-9a-f:.]+\\])(?<port>:[0-9]{1,5})?(?<path>(?:/[a-z0-9._-]+)*)$`,
);

/**
 * The canonical spelling of what an administrator or a docker config may write: `host[:port][/path]` in lower case,
 * without scheme, API version (`/v1/`, `/v2/`) and slash at the end; every name of Docker Hub becomes `docker.io`.
 * Undefined where the text names no registry.
 */
export function canonicalHost(text: string): string | undefined {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/^([^/]*)(?:\/v[12](?=\/|$))+/, "$1")
    .replace(/\/$/, "");
  if (bare.length > longestHost) return undefined;
  const parts = canonical.exec(bare)?.groups;
  if (!parts) return undefined;
  const { name = "", port = "", path = "" } = parts;
  return `${port === "" && dockerHubAliases.has(name) ? dockerHub : name}${port}${path}`;
}

/** The key of a canonical host in `auths`. */
export function configKey(host: string): string {
  return host === dockerHub ? dockerHubConfigKey : host;
}
