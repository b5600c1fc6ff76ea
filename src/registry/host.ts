// Canonical spelling of registry hosts, and the keys under which a docker config holds them.
import { boundedNumber, bounds } from "../runtime/foreign-numbers.ts";
import { asciiLowerCase } from "../runtime/ascii.ts";

// Images of Docker Hub are named `docker.io`, whichever of these two is written: splitDockerDomain in normalize.go of
// https://github.com/distribution/reference.
const dockerHub = "docker.io";
const dockerHubIndex = "index.docker.io";
// Hosts that answer for Docker Hub, too. Images can be named after them, so that they are names of their own.
const dockerHubHosts = new Set(["registry-1.docker.io", "registry.hub.docker.com"]);

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
  "i",
);
// The white space that JSON, YAML and a shell leave behind.
const blanks = new Set([" ", "\t", "\r", "\n"]);

/**
 * The canonical spelling of what an administrator or a docker config may write: `host[:port][/path]`, without scheme, API
 * version (`/v1/`, `/v2/`) and slash at the end; `index.docker.io` becomes `docker.io`. Letters stay as they are, because
 * a kubelet compares the name of an image letter by letter. Undefined where the text names no registry, such as one with
 * letters that are not ASCII, or one of stars only, which would be every registry.
 */
export function canonicalHost(text: string): string | undefined {
  if (text.length > longestText) return undefined;
  const bare = withoutBlanks(text)
    .replace(/^https?:\/\//i, "")
    .replace(/^([^/]*)(?:\/v[12](?=\/|$))+/, "$1")
    // An empty port is none.
    .replace(/^([^/]*):(?=\/|$)/, "$1")
    .replace(/\/$/, "");
  if (bare.length > longestHost) return undefined;
  const parts = canonical.exec(bare)?.groups;
  if (!parts) return undefined;
  const { name = "", port, path = "" } = parts;
  if (!/[^*.]/.test(name)) return undefined;
  if (port === undefined) return `${asciiLowerCase(name) === dockerHubIndex ? dockerHub : name}${path}`;
  return boundedNumber(port, bounds.port) === undefined ? undefined : `${name}:${port}${path}`;
}

/** The API server refuses hosts that are no host; an older object may still hold one, and is served as it is written. */
export function servedHost(host: string): string {
  return canonicalHost(host) ?? host;
}

/** Whether it may stand in a spec as it is: canonical, and without a star. */
export function isLiteralHost(host: string): boolean {
  return canonicalHost(host) === host && !host.includes("*") && !/^\[[^\]]*\./.test(host);
}

/**
 * What all names of one registry have in common: its host in small letters, and `docker.io` for each of Docker Hub's. For
 * a canonical host; the path belongs to it.
 */
export function registryOf(host: string): string {
  const small = asciiLowerCase(host);
  const [name = ""] = small.split("/", 1);
  return dockerHubHosts.has(name) ? `${dockerHub}${small.slice(name.length)}` : small;
}

/** The login for the host, out of logins by canonical host: under this very name, else under another one of the registry. */
export function loginAt<Login>(byHost: ReadonlyMap<string, Login>, host: string): Login | undefined {
  const found = byHost.get(host);
  if (found !== undefined) return found;
  const registry = registryOf(host);
  for (const [other, login] of byHost) if (registryOf(other) === registry) return login;
  return undefined;
}

/**
 * The same logins, and beside each name that it was read from the one by which release 0.1.0 knew it: in small letters, and
 * `docker.io` for `registry-1.docker.io`. Pods that pull by these names go on doing so.
 */
export function withFormerNames<Login>(byHost: ReadonlyMap<string, Login>): ReadonlyMap<string, Login> {
  const all = new Map(byHost);
  for (const [host, login] of byHost) {
    const former = asciiLowerCase(host).replace(/^registry-1\.docker\.io(?=\/|$)/, dockerHub);
    if (!all.has(former)) all.set(former, login);
  }
  return all;
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
