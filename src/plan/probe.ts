// How is a token tried before it is published: with which image, or with a login only?
import type { Entry } from "../api/registry-credential.ts";
import { canonicalHost } from "../registry/host.ts";
import { parseImageReference } from "../registry/image-reference.ts";
import { hasPlaceholders, rendered } from "./placeholders.ts";
import type { NamespaceRecord } from "./snapshot.ts";

export interface Probe {
  /** A full reference; undefined: only the login is tried. */
  readonly image: string | undefined;
  /** The canonical host among the entry's hosts whose login is tried. */
  readonly host: string;
  /** The image is one namespace's, which may have chosen it; others may share the token. */
  readonly ofNamespace?: true;
}

/** Undefined where nothing is to be tried: a Static entry without an image, or an image that these hosts do not serve. */
export function probeOf(
  entry: Pick<Entry, "verify" | "provider">,
  hosts: readonly string[],
  namespace: NamespaceRecord,
): Probe | undefined {
  if (!entry.verify) return loginProbe(entry, hosts);
  const image = rendered(entry.verify.image, namespace);
  if (typeof image !== "string") return undefined;
  const parsed = parseImageReference(image);
  if (!parsed.ok) return undefined;
  const { domain, path } = parsed.image;
  const served = hosts.map((host) => canonicalHost(host) ?? host);
  const repository = `${domain}/${path}`;
  const host = served.find((each) => each === "*" || repository === each || repository.startsWith(`${each}/`));
  if (host === undefined) return undefined;
  return {
    image,
    host: host === "*" ? domain : host,
    ...(hasPlaceholders(entry.verify.image) && { ofNamespace: true }),
  };
}

/** A login that an administrator keeps is never tried unasked: such an entry opens no connection. */
function loginProbe({ provider }: Pick<Entry, "provider">, hosts: readonly string[]): Probe | undefined {
  const [host] = hosts;
  if (provider === "Static" || host === undefined) return undefined;
  const [domain = ""] = (canonicalHost(host) ?? host).split("/");
  return { image: undefined, host: domain };
}

/** Of those of one grant: the first with an image, else the first. */
export function bestProbe(probes: Iterable<Probe | undefined>): Probe | undefined {
  let best: Probe | undefined;
  for (const probe of probes) {
    if (probe?.image !== undefined) return probe;
    best ??= probe;
  }
  return best;
}
