// With which image is a token tried before it is published?
import type { Entry } from "../api/registry-credential.ts";
import { canonicalHost } from "../registry/host.ts";
import { parseImageReference } from "../registry/image-reference.ts";
import { rendered } from "./placeholders.ts";
import type { NamespaceRecord } from "./snapshot.ts";

export interface Probe {
  /** A full reference. */
  readonly image: string;
  /** The canonical host among the entry's hosts whose login is tried. */
  readonly host: string;
}

/** Undefined where the entry names no image, or none that these hosts serve. */
export function probeOf(
  entry: Pick<Entry, "verify">,
  hosts: readonly string[],
  namespace: NamespaceRecord,
): Probe | undefined {
  if (!entry.verify) return undefined;
  const image = rendered(entry.verify.image, namespace);
  if (typeof image !== "string") return undefined;
  const parsed = parseImageReference(image);
  if (!parsed.ok) return undefined;
  const { domain, path } = parsed.image;
  const served = hosts.map((host) => canonicalHost(host) ?? host);
  const repository = `${domain}/${path}`;
  const host = served.find((each) => each === "*" || repository === each || repository.startsWith(`${each}/`));
  return host === undefined ? undefined : { image, host: host === "*" ? domain : host };
}
