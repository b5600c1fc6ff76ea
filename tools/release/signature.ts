// Signs what is released, as cosign reads it. Ed25519 signs the same thing the same way each time: a version keeps its digests.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { blobOf, type Manifest, manifestOf } from "./oci.ts";

// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
const signatureAnnotation = "dev.cosignproject.cosign/signature";
// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
const envelopeType = "application/vnd.dsse.envelope.v1+json";
const statementType = "application/vnd.in-toto+json";

const advice = "write one with `openssl genpkey -algorithm ed25519 -out FILE`";

/** @throws Error that says what to write, before anything is built. */
export async function signingKey(file: string): Promise<KeyObject> {
  const text = await readFile(file).catch((error: unknown) => {
    throw new Error(`--key ${file} cannot be read: ${advice}`, { cause: error });
  });
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (error) {
    throw new Error(`--key ${file} is no private key without a passphrase: ${advice}`, { cause: error });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new Error(`--key ${file} is a key for ${key.asymmetricKeyType ?? "nothing known"}: ${advice}`);
  return key;
}

/** Base64. */
export function signatureOf(bytes: Uint8Array, key: KeyObject): string {
  return sign(undefined, bytes, key).toString("base64");
}

/** Where cosign looks for what is said of a digest. */
export function signatureTag(digest: string, kind: "sig" | "att"): string {
  return `${digest.replace(":", "-")}.${kind}`;
}

/** That `subject`, called `reference` without its tag, comes from whoever has the key. */
export function signatureManifest(subject: Manifest, reference: string, key: KeyObject): Manifest {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": reference },
        image: { "docker-manifest-digest": subject.descriptor.digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );
  return signed([{ type: payloadType, payload, annotations: { [signatureAnnotation]: signatureOf(payload, key) } }]);
}

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export interface Statement {
  readonly _type: string;
  readonly subject: readonly object[];
  readonly predicateType: string;
  readonly predicate: object;
}

/** That each of the statements comes from whoever has the key. */
export function attestationManifest(statements: readonly Statement[], key: KeyObject): Manifest {
  return signed(
    statements.map((statement) => ({
      type: envelopeType,
      payload: Buffer.from(JSON.stringify(envelope(JSON.stringify(statement), key))),
      annotations: { [signatureAnnotation]: "", predicateType: statement.predicateType },
    })),
  );
}

function envelope(statement: string, key: KeyObject): object {
  const payload = Buffer.from(statement);
  // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#signature-definition
  const header = `DSSEv1 ${statementType.length} ${statementType} ${payload.byteLength} `;
  const signed = Buffer.concat([Buffer.from(header), payload]);
  return {
    payloadType: statementType,
    payload: payload.toString("base64"),
    signatures: [{ keyid: "", sig: signatureOf(signed, key) }],
  };
}

interface SignedPayload {
  readonly type: string;
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

function signed(payloads: readonly SignedPayload[]): Manifest {
  const layers = payloads.map(({ type, payload, annotations }) => blobOf(type, payload, { annotations }));
  // Of an image that nobody runs: registries that know images only take it, too.
  const config = {
    architecture: "",
    os: "",
    config: {},
    rootfs: { type: "layers", diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
  };
  return manifestOf({
    config: blobOf("application/vnd.oci.image.config.v1+json", Buffer.from(JSON.stringify(config))),
    layers,
  });
}
