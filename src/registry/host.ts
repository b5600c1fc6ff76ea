// Which one spelling does a registry have, and under which key does a docker config hold it?
import { boundedNumber, bounds } from "../foreign-numbers.ts";
import { asciiLowerCase } from "./ascii.ts";

// The names under which docker clients know Docker Hub; its API host is registry-1.docker.io (registries.md 7.1, 12).
const dockerHub = "docker.io";
const dockerHubAliases = new Set(["index.docker.io", "registry-1.docker.io"]);

// What `docker login` and `kubectl create secret docker-registry` write for Docker Hub, and the kubelet's default
// registry key: kubernetes pkg/credentialprovider/keyring.go.
const dockerHubConfigKey = "https://index.docker.io/v1/";

// DNS names end at 253 characters (RFC 1035), repository names at 255 (distribution/reference); the rest is a port.
const longestHost = 253 + 6 + 255;
// With a scheme, an API version and white space around it.
const longestText = longestHost + 64;

// Labels may hold `*`, because the kubelet accepts globs there; a `?` would start the query of a URL. A segment of a path
// has a letter or digit: no repository is called `..`, and there is no way up.
const label = "[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?";
const segment = "[._-]*[a-z0-9][a-z0-9._-]*";
const canonical = new RegExp(
  `^(?<name>${label}(?:\\.${label})*|\\[[0-9a-f:.]+\\])(?::(?<port>[1-9][0-9]{0,4}))?(?<path>(?:/${segment})*)$`,
);
// The white space that JSON, YAML and a shell leave behind.
const blanks = new Set([" ", "\t", "\r", "\n"]);

/**
 * The canonical spelling of what an administrator or a docker config may write: `host[:port][/path]` in lower case,
 * without scheme, API version (`/v1/`, `/v2/`) and slash at the end; every name of Docker Hub becomes `docker.io`.
 * Undefined where the text names no registry, such as one with letters that are not ASCII, or one of stars only, which
 * would be every registry.
 */
export function canonicalHost(text: string): string | undefined {
  if (text.length > longestText) return undefined;
  const bare = asciiLowerCase(withoutBlanks(text))
    .replace(/^https?:\/\//, "")
    .replace(/^([^/]*)(?:\/v[12](?=\/|$))+/, "$1")
    .replace(/\/$/, "");
  if (bare.length > longestHost) return undefined;
  const parts = canonical.exec(bare)?.groups;
  if (!parts) return undefined;
  const { name = "", port, path = "" } = parts;
  if (!/[^*.]/.test(name)) return undefined;
  if (port === undefined) return `${dockerHubAliases.has(name) ? dockerHub : name}${path}`;
  return boundedNumber(port, bounds.port) === undefined ? undefined : `${name}:${port}${path}`;
}

/** The key of a canonical host in `auths`. */
export function configKey(host: string): string {
  return host === dockerHub ? dockerHubConfigKey : host;
}

/** By hand: a regular expression for the end of a text looks at each blank in it again and again. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && blanks.has(text[from] ?? "")) from += 1;
  while (to > from && blanks.has(text[to - 1] ?? "")) to -= 1;
  return text.slice(from, to);
}
