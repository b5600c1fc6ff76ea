// Tests that a release takes the images of both architectures out of what a builder wrote, and nothing that was changed since.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { imagesIn } from "../../../tools/release/image-layout.ts";
import { blobsOf } from "../../../tools/release/oci.ts";
import { writeImageLayout } from "./image-layout-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-layout-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("one index names the images of both, and the same folder gives the same digest", async () => {
  const written = await writeImageLayout(folder);
  const [one, other] = [await imagesIn(folder), await imagesIn(folder)];
  expect(one.descriptor).toEqual(other.descriptor);
  expect(one.manifests.map(({ descriptor }) => descriptor)).toEqual(
    written.manifests.map(({ descriptor }) => descriptor),
  );
  const index = JSON.parse(Buffer.from(one.bytes).toString()) as { manifests: { platform: object }[] };
  expect(index.manifests.map(({ platform }) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
});

it("a layout without one of the architectures is refused", async () => {
  await writeImageLayout(folder, { architectures: ["amd64"] });
  await expect(imagesIn(folder)).rejects.toThrow(/has no image for linux\/arm64/);
});

it("a manifest that was changed is found before anything is sent", async () => {
  const { manifests } = await writeImageLayout(folder);
  const file = join(folder, "blobs", "sha256", manifests[0]?.descriptor.digest.slice("sha256:".length) ?? "");
  await writeFile(file, `${await readFile(file, "utf8")} `);
  await expect(imagesIn(folder)).rejects.toThrow(/sha256:[0-9a-f]{64} in .* was changed/);
});

it("a layer that was changed is found when it would be sent", async () => {
  await writeImageLayout(folder);
  const images = await imagesIn(folder);
  const layer = blobsOf(images).find(({ descriptor }) => descriptor.mediaType.includes("layer"));
  const file = join(folder, "blobs", "sha256", layer?.descriptor.digest.slice("sha256:".length) ?? "");
  await writeFile(file, "another program");
  await expect(layer?.read()).rejects.toThrow(/was changed/);
});

it("a digest that is none of SHA-256 leads to no file", async () => {
  const index = { manifests: [{ mediaType: "a", digest: "sha256:../../../etc/passwd", size: 1 }] };
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await expect(imagesIn(folder)).rejects.toThrow(/none of SHA-256/);
});
