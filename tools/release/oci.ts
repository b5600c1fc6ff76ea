// Content of an OCI registry: blobs, manifests and indexes, with their digests.
import { createHash } from "node:crypto";

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Blob {
  readonly descriptor: Descriptor;
  readonly read: () => Promise<Uint8Array>;
}

/** A manifest or an index, with all that it names. */
export interface Manifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Blob[];
  /** Those of an index. */
  readonly manifests: readonly Manifest[];
}

// https://github.com/opencontainers/image-spec/blob/main/media-types.md
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blobOf(mediaType: string, bytes: Uint8Array, more: Pick<Descriptor, "annotations"> = {}): Blob {
  return {
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength, ...more },
    read: async () => bytes,
  };
}

export interface ManifestParts {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly artifactType?: string;
  /** What it says something about. */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The same parts give the same bytes. */
export function manifestOf({ config, layers, artifactType, subject, annotations }: ManifestParts): Manifest {
  const bytes = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    subject,
    annotations,
  });
  const { descriptor } = blobOf(mediaTypes.manifest, bytes);
  return { descriptor, bytes, blobs: [config, ...layers], manifests: [] };
}

/** One image for several platforms. */
export function indexOf(manifests: readonly Manifest[], annotations?: Readonly<Record<string, string>>): Manifest {
  const bytes = jsonOf({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: manifests.map(({ descriptor }) => descriptor),
    annotations,
  });
  const { descriptor } = blobOf(mediaTypes.index, bytes);
  return { descriptor, bytes, blobs: [], manifests };
}

/** Every blob, its manifests' too, each once. */
export function blobsOf(manifest: Manifest): readonly Blob[] {
  const all = [...manifest.blobs, ...manifest.manifests.flatMap(blobsOf)];
  return [...new Map(all.map((blob) => [blob.descriptor.digest, blob])).values()];
}

function jsonOf(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
