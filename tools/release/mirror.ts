// Reads a release out of a registry, to be pushed to another one byte for byte: what was signed there is signed here.
import { quotedText } from "../../src/runtime/foreign-text.ts";
import { type Blob, type Descriptor, digestOf, type Manifest } from "./oci.ts";
import type { Artifact } from "./push.ts";
import type { RegistryClient } from "./registry.ts";
import { signatureTag } from "./signature.ts";

export type Origin = Pick<RegistryClient, "readManifest" | "readBlob">;

export interface MirrorOptions {
  readonly version: string;
  /** The path of the release where it is read, and where it goes. */
  readonly from: string;
  readonly to: string;
}

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md#sha-256 */
const digestForm = /^sha256:[0-9a-f]{64}$/;

/** Of an index, a manifest or both. */
interface Named {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/**
 * Image and chart with all that is said of them, in the order in which they are pushed; contents are read when they are sent.
 * A release without a key has no signatures.
 * @throws Error where image or chart is missing, or the registry gives something else than what its name says.
 */
export async function mirrored(origin: Origin, { version, from, to }: MirrorOptions): Promise<readonly Artifact[]> {
  const artifacts: Artifact[] = [];
  for (const [what, name] of [
    ["image", "regcred"],
    ["chart", "charts/regcred"],
  ] as const) {
    const repository = `${from}/${name}`;
    const subject = await manifestAt(origin, repository, version);
    if (subject === undefined) throw new Error(`${repository}:${version} is not there: nothing is copied`);
    const { digest } = subject.descriptor;
    const said = [
      { what: `${what}'s signature`, tag: signatureTag(digest, "sig") },
      { what: `${what}'s attestations`, tag: signatureTag(digest, "att") },
      ...(what === "image" ? ["sbom", "provenance"].map((each) => ({ what: each, tag: `${version}-${each}` })) : []),
    ];
    for (const each of said) {
      const manifest = await manifestAt(origin, repository, each.tag);
      if (manifest) artifacts.push({ ...each, repository: `${to}/${name}`, manifest });
    }
    artifacts.push({ what, tag: version, repository: `${to}/${name}`, manifest: subject });
  }
  return artifacts;
}

async function manifestAt(origin: Origin, repository: string, reference: string): Promise<Manifest | undefined> {
  const content = await origin.readManifest(repository, reference);
  if (content === undefined) return undefined;
  const { mediaType, bytes } = content;
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  return await whole(origin, repository, { descriptor, bytes });
}

/** An index names manifests, and these name none: nobody is sent round in circles. */
async function whole(
  origin: Origin,
  repository: string,
  { descriptor, bytes }: Pick<Manifest, "descriptor" | "bytes">,
  isInIndex = false,
): Promise<Manifest> {
  const { config, layers = [], manifests: named = [] } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Named;
  for (const { digest, size } of [...(config ? [config] : []), ...layers, ...named]) {
    // It becomes a part of addresses, on both sides.
    if (!digestForm.test(digest)) throw new Error(`${repository} names ${quotedText(digest)}, which is no digest`);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error(`${repository} gives no size for ${digest}`);
  }
  if (isInIndex && named.length > 0) throw new Error(`${repository} has an index within an index: nothing is copied`);
  const manifests: Manifest[] = [];
  for (const each of named) {
    const content = await origin.readManifest(repository, each.digest);
    if (content === undefined) throw new Error(`${each.digest} of ${repository} is not there: nothing is copied`);
    const found = { descriptor: each, bytes: unchanged(content.bytes, each, repository) };
    manifests.push(await whole(origin, repository, found, true));
  }
  const blobs: readonly Blob[] = [...(config ? [config] : []), ...layers].map((each) => ({
    descriptor: each,
    read: async () => unchanged(await origin.readBlob(repository, each), each, repository),
  }));
  return { descriptor, bytes, blobs, manifests };
}

function unchanged(bytes: Uint8Array, { digest, size }: Descriptor, repository: string): Uint8Array {
  if (digestOf(bytes) !== digest || bytes.byteLength !== size)
    throw new Error(`${repository} gives something else as ${digest}: it was changed`);
  return bytes;
}
