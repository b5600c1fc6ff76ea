// Tests that cosign's own code verifies what a release has signed, in a registry with a password, and nothing else.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../tools/release/artifacts.ts";
import { imagesIn } from "../../tools/release/image-layout.ts";
import { indexOf } from "../../tools/release/oci.ts";
import { type Artifact, pushAll } from "../../tools/release/push.ts";
import { registryClient, type RegistryClient } from "../../tools/release/registry.ts";
import { signatureOf, signatureTag } from "../../tools/release/signature.ts";
import { buildWithGo, proveGo } from "../cluster/build-with-go.ts";
import { streamPrinter } from "../cluster/printer.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { verified, verifier } from "../cluster/signatures.ts";
import { writeImageLayout } from "../tools/release/image-layout-folder.ts";

const login = { username: "robot", password: "hunter2" };

const noGo = await proveGo(verifier).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
// On a developer's machine only: CI has Go.
const skipped = noGo !== undefined && !process.env["CI"];
if (skipped) process.stderr.write(`signed-release.test.ts needs Go >= 1.26 and is not run: ${noGo}\n`);

describe.skipIf(skipped)("a release that is signed", () => {
  let folder: string;
  let registry: Registry;
  let client: RegistryClient;
  let program: string;
  let artifacts: readonly Artifact[];
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = async (name: string, key: KeyObject): Promise<string> => {
    await writeFile(join(folder, name), createPublicKey(key).export({ type: "spki", format: "pem" }));
    return join(folder, name);
  };
  const check = async (...args: readonly string[]): Promise<readonly string[]> => await verified(program, args, folder);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-signed-"));
    program = join(folder, "verify");
    await buildWithGo(verifier, program, streamPrinter(process.stderr));
    registry = await startRegistry({
      auth: { kind: "htpasswd", users: [{ name: login.username, password: login.password }] },
      log: () => undefined,
    });
    const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
    await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    client = registryClient({ host: registry.host, scheme: "http", login });
    await writeImageLayout(join(folder, "images"));
    const image = await imagesIn(join(folder, "images"));
    const [chart = image] = image.manifests;
    ({ artifacts } = artifactsOf({
      host: registry.host,
      path: "acme",
      version: "1.2.3",
      revision: "c".repeat(40),
      created: "2026-01-01T00:00:00Z",
      image,
      chart,
      shipped: [],
      lockFile: "11",
      key: privateKey,
    }));
    await pushAll(artifacts, client, () => undefined);
  }, 15 * 60_000);
  afterAll(async () => {
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("is verified by the public key: the image with provenance and SBOM, the chart with provenance", async () => {
    const key = await publicKey("own.pub", privateKey);
    expect(await check(key, `${registry.host}/acme/regcred:1.2.3`)).toEqual([
      "https://slsa.dev/provenance/v1",
      "https://spdx.dev/Document",
    ]);
    expect(await check(key, `${registry.host}/acme/charts/regcred:1.2.3`)).toEqual(["https://slsa.dev/provenance/v1"]);
  });

  it("is not verified by another key", async () => {
    const key = await publicKey("other.pub", generateKeyPairSync("ed25519").privateKey);
    await expect(check(key, `${registry.host}/acme/regcred:1.2.3`)).rejects.toThrow(/failed to verify signature/);
  });

  it("is not verified where somebody has put something else under the tag, or another's signature beside it", async () => {
    const key = await publicKey("own.pub", privateKey);
    const image = artifacts.find(({ what }) => what === "image")?.manifest;
    const signature = artifacts.find(({ what }) => what === "image's signature")?.manifest;
    if (!image || !signature) throw new TypeError("both are pushed");
    const changed = indexOf(image.manifests, { changed: "true" });
    await client.pushManifest("acme/regcred", changed, "changed");
    await expect(check(key, `${registry.host}/acme/regcred:changed`)).rejects.toThrow(/no signatures/);
    await client.pushManifest("acme/regcred", signature, signatureTag(changed.descriptor.digest, "sig"));
    await expect(check(key, `${registry.host}/acme/regcred:changed`)).rejects.toThrow(
      /digest .*mismatch|invalid or missing digest/,
    );
  });

  it("has checksums that are verified as a file, and not when one is changed", async () => {
    const key = await publicKey("own.pub", privateKey);
    const [sums, changed, signature] = ["checksums.txt", "changed.txt", "checksums.txt.sig"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeFile(sums, "ab  x.tar.gz\n");
    await writeFile(changed, "ac  x.tar.gz\n");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await writeFile(signature, `${signatureOf(Buffer.from("ab  x.tar.gz\n"), createPrivateKey(pem))}\n`);
    expect(await check(key, sums, signature)).toEqual([]);
    await expect(check(key, changed, signature)).rejects.toThrow(/failed to verify|invalid/i);
  });
});
