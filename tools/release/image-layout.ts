// Reads images that a builder has written as an OCI image layout, and believes no digest that it has not counted itself.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Blob, type Descriptor, digestOf, indexOf, type Manifest, mediaTypes } from "./oci.ts";

// Those of the chart's nodes: docs/image.md.
const architectures = ["amd64", "arm64"];

interface Index {
  readonly manifests: readonly Descriptor[];
}

interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * One index of the images for Linux in `folder`, whatever the builder has put around and beside them.
 * @throws Error where an architecture is missing, or a file is not what its name says.
 */
export async function imagesIn(folder: string): Promise<Manifest> {
  const read = async ({ digest, size }: Descriptor): Promise<Uint8Array> => {
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
    if (hex === undefined) throw new Error(`${folder} names a digest that is none of SHA-256: ${digest}`);
    const bytes = await readFile(join(folder, "blobs", "sha256", hex));
    if (digestOf(bytes) !== digest || bytes.byteLength !== size) throw new Error(`${digest} in ${folder} was changed`);
    return bytes;
  };
  const manifests = async (index: Index): Promise<readonly Manifest[]> => {
    const found: Manifest[] = [];
    for (const descriptor of index.manifests) {
      const bytes = await read(descriptor);
      if (descriptor.mediaType === mediaTypes.index) found.push(...(await manifests(parsed<Index>(bytes))));
      else found.push(await image(descriptor, bytes, read));
    }
    return found;
  };
  const all = await manifests(parsed<Index>(await readFile(join(folder, "index.json"))));
  const images = architectures.map((architecture) => {
    const image = all.find(
      ({ descriptor: { platform } }) => platform?.architecture === architecture && platform.os === "linux",
    );
    if (image === undefined) throw new Error(`${folder} has no image for linux/${architecture}`);
    return image;
  });
  return indexOf(images);
}

async function image(
  { mediaType, digest, size, platform }: Descriptor,
  bytes: Uint8Array,
  read: (descriptor: Descriptor) => Promise<Uint8Array>,
): Promise<Manifest> {
  const { config, layers } = parsed<ImageManifest>(bytes);
  const blobs: readonly Blob[] = [config, ...layers].map((descriptor) => ({
    descriptor,
    read: () => read(descriptor),
  }));
  // A builder names the platform in the index, or leaves it to the image's own configuration.
  const { architecture, os } = parsed<{ readonly architecture: string; readonly os: string }>(await read(config));
  const own = platform ?? { architecture, os };
  return { descriptor: { mediaType, digest, size, platform: own }, bytes, blobs, manifests: [] };
}

function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as T;
}
