// Tests that a release comes into another registry byte for byte, with all that is said of it, and nothing that somebody has changed.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../tools/release/artifacts.ts";
import { imagesIn } from "../../tools/release/image-layout.ts";
import { mirrored } from "../../tools/release/mirror.ts";
import { blobOf, type Manifest, manifestOf } from "../../tools/release/oci.ts";
import { type Artifact, pushAll } from "../../tools/release/push.ts";
import { type RegistryClient, registryClient } from "../../tools/release/registry.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { writeImageLayout } from "../tools/release/image-layout-folder.ts";

const outer = { username: "robot", password: "hunter2" };
const inner = { username: "keeper", password: "hunter3" };
const options = { version: "1.2.3", from: "acme", to: "mirrors/acme" };
const silent = (): void => undefined;

describe("a mirror", () => {
  let folder: string;
  let registries: readonly [outside: Registry, inside: Registry];
  let outside: RegistryClient;
  let inside: RegistryClient;
  let artifacts: readonly Artifact[];

  /** Where the registry keeps the content. */
  const contentFile = ({ server }: Registry, digest: string): string => {
    const hex = digest.slice("sha256:".length);
    return join(dirname(server.logFile), "images/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
  };
  const layerOf = (manifest: Manifest | undefined): string =>
    manifest?.manifests[0]?.blobs.at(-1)?.descriptor.digest ?? "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-mirror-"));
    const users = [outer, inner].map(({ username: name, password }) => ({ name, password }));
    registries = [
      await startRegistry({ auth: { kind: "htpasswd", users: users.slice(0, 1) }, log: silent }),
      await startRegistry({ auth: { kind: "htpasswd", users: users.slice(1) }, log: silent }),
    ];
    const [{ host }, { host: insideHost }] = registries;
    outside = registryClient({ host, scheme: "http", login: outer });
    inside = registryClient({ host: insideHost, scheme: "http", login: inner });
    await writeImageLayout(folder);
    ({ artifacts } = artifactsOf({
      host,
      path: options.from,
      version: options.version,
      revision: "c".repeat(40),
      created: "2026-01-01T00:00:00Z",
      image: await imagesIn(folder),
      chart: manifestOf({ config: blobOf("a/b", Buffer.from("{}")), layers: [blobOf("a/c", Buffer.from("chart"))] }),
      shipped: [],
      lockFile: "11",
      key: createPrivateKey(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })),
    }));
    await pushAll(artifacts, outside, silent);
  });
  afterAll(async () => {
    for (const each of registries ?? []) await each.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("of a version that is not there copies nothing", async () => {
    await expect(mirrored(outside, { ...options, version: "1.2.4" })).rejects.toThrow(
      "acme/regcred:1.2.4 is not there: nothing is copied",
    );
  });

  it("refuses a layer that was changed where it comes from, and sets no tag of it", async () => {
    const file = contentFile(registries[0], layerOf(artifacts.find(({ what }) => what === "image")?.manifest));
    const content = await readFile(file);
    // Of the same length: the registry knows that.
    await writeFile(file, Buffer.from(content).fill("x", 0, 1));
    await expect(pushAll(await mirrored(outside, options), inside, silent)).rejects.toThrow(
      /acme\/regcred gives something else as sha256:[0-9a-f]{64}: it was changed/,
    );
    expect(await inside.manifest("mirrors/acme/regcred", "1.2.3")).toBeUndefined();
    await writeFile(file, content);
  });

  it("has the same digests under the same tags: images, chart, statements and signatures", async () => {
    const copied = await mirrored(outside, options);
    await pushAll(copied, inside, silent);
    const named = (each: readonly Artifact[]): readonly string[] =>
      each.map(({ what, tag, manifest }) => `${what} ${tag} ${manifest.descriptor.digest}`);
    expect(named(copied)).toEqual(named(artifacts));
    for (const { repository, tag, manifest } of artifacts)
      expect(await inside.manifest(repository.replace("acme/", "mirrors/acme/"), tag)).toBe(manifest.descriptor.digest);
    const layer = layerOf(copied.find(({ what }) => what === "image")?.manifest);
    expect(await readFile(contentFile(registries[1], layer))).toEqual(
      await readFile(contentFile(registries[0], layer)),
    );
  });

  it("is made of a release without signatures, too", async () => {
    const unsigned = artifacts.filter(({ what }) => ["image", "chart"].includes(what));
    await pushAll(
      unsigned.map((each) => ({ ...each, repository: each.repository.replace("acme/", "plain/") })),
      outside,
      silent,
    );
    const copied = await mirrored(outside, { ...options, from: "plain" });
    expect(copied.map(({ what }) => what)).toEqual(["image", "chart"]);
  });
});
