// Writes an OCI image layout as a builder does, of images that hold next to nothing.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobOf, blobsOf, indexOf, type Manifest, manifestOf } from "../../../tools/release/oci.ts";

const manifestFor = (architecture: string, content: string): Manifest => {
  const made = manifestOf({
    config: blobOf(
      "application/vnd.oci.image.config.v1+json",
      Buffer.from(JSON.stringify({ architecture, os: "linux" })),
    ),
    layers: [blobOf("application/vnd.oci.image.layer.v1.tar+gzip", Buffer.from(`${content} for ${architecture}`))],
  });
  return { ...made, descriptor: { ...made.descriptor, platform: { architecture, os: "linux" } } };
};

/** Its index names another index, as that of buildx does. */
export async function writeImageLayout(
  folder: string,
  {
    architectures = ["amd64", "arm64"],
    content = "a program",
  }: { readonly architectures?: readonly string[]; readonly content?: string } = {},
): Promise<Manifest> {
  const images = indexOf(architectures.map((each) => manifestFor(each, content)));
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  const put = (digest: string, bytes: Uint8Array): Promise<void> =>
    writeFile(join(folder, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
  for (const { descriptor, read } of blobsOf(images)) await put(descriptor.digest, await read());
  for (const { descriptor, bytes } of [images, ...images.manifests]) await put(descriptor.digest, bytes);
  await writeFile(join(folder, "index.json"), indexOf([images]).bytes);
  return images;
}
