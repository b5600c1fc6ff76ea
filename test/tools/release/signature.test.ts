// Tests that a release signs what its key can vouch for, the same each time, and that a key of another kind is refused in a sentence.
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../../tools/release/artifacts.ts";
import { blobOf, indexOf, type Manifest, manifestOf } from "../../../tools/release/oci.ts";
import { signingKey } from "../../../tools/release/signature.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "regcred-keys-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const keyFile = async (name: string, content: string | Buffer): Promise<string> => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
const pem = (key: KeyObject): string | Buffer => key.export({ type: "pkcs8", format: "pem" });
const ed25519 = generateKeyPairSync("ed25519");

describe("a key", () => {
  it("of Ed25519 is taken", async () => {
    expect((await signingKey(await keyFile("sound", pem(ed25519.privateKey)))).asymmetricKeyType).toBe("ed25519");
  });

  it("that is missing is told with how to write one", async () => {
    await expect(signingKey(join(folder, "none"))).rejects.toThrow(
      /none cannot be read: write one with `openssl genpkey/,
    );
  });

  it.each([
    ["text", "hello", /is no private key without a passphrase/],
    ["public", ed25519.publicKey.export({ type: "spki", format: "pem" }), /is no private key/],
    [
      "locked",
      ed25519.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hush" }),
      /without a passphrase/,
    ],
    ["rsa", pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), /is a key for rsa/],
    ["ec", pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey), /is a key for ec/],
  ])("that is wrong (%s) is told, and none of it", async (name, content, sentence) => {
    await expect(signingKey(await keyFile(name, content))).rejects.toThrow(sentence);
  });
});

const layer = (content: string): Manifest =>
  manifestOf({ config: blobOf("a/b", Buffer.from("{}")), layers: [blobOf("a/c", Buffer.from(content))] });
const options = {
  host: "registry.example.com",
  path: "platform",
  version: "1.2.3",
  revision: "c".repeat(40),
  created: "2026-01-01T00:00:00Z",
  image: indexOf([layer("amd64"), layer("arm64")]),
  chart: layer("chart"),
  shipped: [
    {
      name: "a",
      version: "1",
      license: "MIT",
      purl: "pkg:npm/a@1",
      checksum: { algorithm: "SHA512", value: "00" } as const,
    },
  ],
  lockFile: "11",
};

describe("what a release pushes", () => {
  it("is signed and attested before the tag of what it is about, and the same each time", () => {
    const made = () => artifactsOf({ ...options, key: ed25519.privateKey }).artifacts;
    expect(made().map(({ what, repository }) => `${what} in ${repository}`)).toEqual([
      "image's signature in platform/regcred",
      "image's attestations in platform/regcred",
      "sbom in platform/regcred",
      "provenance in platform/regcred",
      "image in platform/regcred",
      "chart's signature in platform/charts/regcred",
      "chart's attestations in platform/charts/regcred",
      "chart in platform/charts/regcred",
    ]);
    expect(made().map(({ manifest }) => manifest.descriptor)).toEqual(
      made().map(({ manifest }) => manifest.descriptor),
    );
  });

  it("has a signature of the digest, by that key and no other", async () => {
    const [{ manifest, tag } = { manifest: layer(""), tag: "" }] = artifactsOf({
      ...options,
      key: ed25519.privateKey,
    }).artifacts;
    expect(tag).toBe(`${options.image.descriptor.digest.replace(":", "-")}.sig`);
    const blob = manifest.blobs.find(({ descriptor }) => descriptor.annotations !== undefined);
    const payload = (await blob?.read()) ?? Buffer.alloc(0);
    const { digest } = options.image.descriptor;
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
      critical: { image: { "docker-manifest-digest": digest } },
    });
    const signature = Buffer.from(blob?.descriptor.annotations?.["dev.cosignproject.cosign/signature"] ?? "", "base64");
    expect(verify(undefined, payload, createPublicKey(ed25519.privateKey), signature)).toBe(true);
    expect(verify(undefined, payload, generateKeyPairSync("ed25519").publicKey, signature)).toBe(false);
  });

  it("without a key is not signed, and says of what it was made all the same", () => {
    const { artifacts, provenance } = artifactsOf({ ...options, key: undefined });
    expect(artifacts.map(({ what }) => what)).toEqual(["sbom", "provenance", "image", "chart"]);
    expect(JSON.parse(provenance)).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://slsa.dev/provenance/v1",
      subject: [
        { name: "registry.example.com/platform/regcred", digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
        { name: "registry.example.com/platform/charts/regcred" },
      ],
      predicate: {
        buildDefinition: {
          resolvedDependencies: [
            { name: "regcred", digest: { gitCommit: options.revision } },
            { name: "package-lock.json", digest: { sha256: "11" } },
            { uri: "pkg:npm/a@1", digest: { sha512: "00" } },
          ],
        },
      },
    });
  });
});
