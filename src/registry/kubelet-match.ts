// Which logins would a kubelet try for an image, and in which order?
import { parseImageReference } from "./image-reference.ts";

// The one key that serves as a fallback: kubernetes pkg/credentialprovider/keyring.go, defaultRegistryHost.
const defaultRegistry = "index.docker.io";

/**
 * The logins that a kubelet tries for the image, one after the other, out of the `auths` of all its pull Secrets
 * (pairs of key and login, keys as they stand in the config). Empty where none matches or the reference is malformed.
 * Sorting is by the whole key, backwards: a longer path comes before a shorter one, but it is not "longest match first"
 * over different hosts. The order is that of the pairs where two keys are spelled differently and mean the same.
 */
export function loginsFor<Login>(image: string, auths: Iterable<readonly [string, Login]>): readonly Login[] {
  const reference = parseImageReference(image);
  if (!reference.ok) return [];
  const { domain, path } = reference.image;
  const byKey = Map.groupBy(auths, ([key]) => normalised(key));
  const target = split(`${domain}/${path}`);
  const matches = [...byKey.keys()]
    .filter((key) => isMatch(split(key), target))
    .toSorted()
    .toReversed();
  // `localhost/app` falls back to Docker Hub as well: the kubelet takes a first segment without dot and colon for a user.
  const mayFallBack = domain === "docker.io" || !/[.:]/.test(domain);
  const tried = matches.length === 0 && mayFallBack ? [defaultRegistry] : matches;
  return tried.flatMap((key) => (byKey.get(key) ?? []).map(([, login]) => login));
}

interface Location {
  readonly labels: readonly string[];
  readonly port: string;
  /** With its slash at the front, or empty. */
  readonly path: string;
}

/** The key without scheme and API version. The kubelet parses a URL, so a user, query or fragment is not part of it. */
function normalised(key: string): string {
  const [host = "", ...segments] = key
    .replace(/^https?:\/\//, "")
    .replace(/[?#].*$/s, "")
    .split("/");
  const path = segments.length === 0 ? "" : `/${segments.join("/")}`;
  const effective = /^\/v[12]\//.test(path) ? path.slice("/v1".length) : path;
  return `${host.slice(host.lastIndexOf("@") + 1)}${effective === "/" ? "" : effective}`;
}

function split(location: string): Location {
  const slash = location.indexOf("/");
  const host = slash < 0 ? location : location.slice(0, slash);
  const port = /:([0-9]*)$/.exec(host);
  return {
    labels: (port ? host.slice(0, port.index) : host).split("."),
    port: port?.[1] ?? "",
    path: slash < 0 ? "" : location.slice(slash),
  };
}

/** The path is compared letter by letter, not by segments: `quay.io/foo` serves `quay.io/foobar/app`. */
function isMatch(pattern: Location, target: Location): boolean {
  return (
    pattern.port === target.port &&
    pattern.labels.length === target.labels.length &&
    target.path.startsWith(pattern.path) &&
    pattern.labels.every((label, index) => isGlobMatch(label, target.labels[index] ?? ""))
  );
}

/** Of the glob's signs only `*` can stand in the host of a URL. Each piece is taken at its first place: no backtracking. */
function isGlobMatch(glob: string, label: string): boolean {
  const [first = "", ...pieces] = glob.split("*");
  const last = pieces.pop();
  if (last === undefined) return glob === label;
  if (!label.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = label.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return label.length - at >= last.length && label.endsWith(last);
}
