// Parser of image references: registry, repository and version.

export interface ImageReference {
  /** `host[:port]` as written; `docker.io` where none is. */
  readonly domain: string;
  /** The repository inside the registry: `library/busybox`. */
  readonly path: string;
  /** `latest` where neither tag nor digest is written, as every runtime assumes. */
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

export type ImageReferenceResult =
  | { readonly ok: true; readonly image: ImageReference }
  /** `problem` completes the sentence "this image reference …". */
  | { readonly ok: false; readonly problem: string };

// The grammar and its limits: distribution/reference, reference.go and regexp.go.
const longestPath = 255;
// A host, a port, a path, a tag and a digest, each as long as it can be.
const longestReference = 1024;
const domainLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainPattern = new RegExp(`^(?:${domainLabel}(?:\\.${domainLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const pathPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
// The algorithms that opencontainers/go-digest knows, which validates the digest for every Go runtime.
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** Reads a reference as container runtimes do: `busybox` is `docker.io/library/busybox:latest`. */
export function parseImageReference(text: string): ImageReferenceResult {
  if (text === "") return refused("is empty");
  if (text.length > longestReference) return refused(`is longer than ${longestReference} characters`);
  if (/\s/.test(text)) return refused("holds white space");
  if (text.includes("://")) return refused("starts with a scheme: write HOST/REPOSITORY:TAG without it");

  const at = text.indexOf("@");
  const tagged = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !digestPattern.test(digest)) {
    return refused("has a malformed digest: it looks like sha256: and 64 hexadecimal digits in lower case");
  }

  // A colon before the last slash belongs to a port.
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const name = colon < 0 ? tagged : tagged.slice(0, colon);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) {
    return refused("has a malformed tag: up to 128 letters, digits, _ . and -, not starting with . or -");
  }
  if (name === "") return refused("has no repository");
  if (/^[0-9a-f]{64}$/.test(name))
    return refused("is an image ID, not a repository: write HOST/REPOSITORY@sha256:DIGEST");

  const { domain, path } = splitDomain(name);
  if (!domainPattern.test(domain)) return refused("has a malformed registry host");
  if (path === "") return refused("has no repository after the registry host");
  if (path !== path.toLowerCase())
    return refused("has upper-case letters in its repository: registries allow lower case only");
  if (path.length > longestPath) return refused(`has a repository longer than ${longestPath} characters`);
  if (!pathPattern.test(path)) {
    return refused("has a malformed repository: lower-case letters and digits, separated by / . _ __ or -");
  }
  if (digest !== undefined) return { ok: true, image: { domain, path, digest, ...(tag === undefined ? {} : { tag }) } };
  return { ok: true, image: { domain, path, tag: tag ?? "latest" } };
}

function refused(problem: string): ImageReferenceResult {
  return { ok: false, problem };
}

/** What stands before the first slash is a registry only if no Docker Hub user could be called so (normalize.go). */
function splitDomain(name: string): { readonly domain: string; readonly path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isRegistry = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const domain = !isRegistry || first === "index.docker.io" ? "docker.io" : first;
  const path = isRegistry ? name.slice(slash + 1) : name;
  return { domain, path: domain === "docker.io" && path !== "" && !path.includes("/") ? `library/${path}` : path };
}
