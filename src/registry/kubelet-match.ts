// The kubelet's matching: the logins that it tries for an image, in its order.
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
  const target = locationOf(`${domain}/${path}`);
  if (!target) return [];
  const byKey = Map.groupBy(auths, ([key]) => normalised(key));
  const matches = [...byKey.keys()]
    .filter((key) => key !== undefined)
    .filter((key) => {
      const pattern = locationOf(key);
      return pattern !== undefined && isMatch(pattern, target);
    })
    .toSorted()
    .toReversed();
  // `localhost/app` falls back to Docker Hub as well: the kubelet takes a first segment without dot and colon for a user.
  const mayFallBack = domain === "docker.io" || !/[.:]/.test(domain);
  const tried = matches.length === 0 && mayFallBack ? [defaultRegistry] : matches;
  return tried.flatMap((key) => (byKey.get(key) ?? []).map(([, login]) => login));
}

interface Place {
  /** With its port. */
  readonly host: string;
  /** With its slash at the front, or empty. */
  readonly path: string;
}

/**
 * What Go's net/url makes of `https://` and this text: user, query and fragment are no part of it, and a path is
 * unescaped. Undefined where Go refuses it, or where its host has signs that no image's host has.
 */
function placeOf(text: string): Place | undefined {
  const [, authority = "", escapedPath = "", query = "", fragment = ""] =
    /^([^/?#]*)([^?#]*)(\?[^#]*)?(?:#([^]*))?$/.exec(text) ?? [];
  const at = authority.lastIndexOf("@") + 1;
  const user = authority.slice(0, at);
  const host = authority.slice(at);
  if (hasControls(authority + escapedPath + query) || !isEscaped(user + fragment)) return undefined;
  if (!/^[\w.~!$&'()*+,;=:%@-]*$/.test(user)) return undefined;
  if (!/^(?:[A-Za-z0-9.*-]*|\[[0-9a-fA-F:]+\])(?::[0-9]*)?$/.test(host)) return undefined;
  const path = unescaped(escapedPath);
  return path === undefined ? undefined : { host, path };
}

function hasControls(text: string): boolean {
  return /[^ -~\u0080-\u{10FFFF}]/u.test(text);
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}

/** Undefined also for what is no UTF-8, and so no part of an image's name. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The key without scheme and API version; undefined where it can serve no image. */
function normalised(key: string): string | undefined {
  const place = placeOf(key.replace(/^https?:\/\//, ""));
  if (!place) return undefined;
  const path = /^\/v[12]\//.test(place.path) ? place.path.slice("/v1".length) : place.path;
  return `${place.host}${path === "/" ? "" : path}`;
}

interface Location {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** The kubelet reads a normalised key as a URL again. */
function locationOf(text: string): Location | undefined {
  const place = placeOf(text);
  if (!place) return undefined;
  const { host, path } = place;
  // As net.SplitHostPort: an IPv6 address loses its brackets if a port follows, and only then.
  const { name = host, port = "" } = /^(?:\[(?<name>.*)\]|(?<name>[^[]*)):(?<port>[0-9]*)$/.exec(host)?.groups ?? {};
  return { labels: name.split("."), port, path };
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

/**
 * Of the glob's signs only `*` can stand in the host of a URL, and the brackets of an IPv6 address, which are then one of
 * its letters. Each piece is taken at its first place: no backtracking.
 */
function isGlobMatch(glob: string, label: string): boolean {
  if (glob.startsWith("[")) return label.length === 1 && glob.includes(label);
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
