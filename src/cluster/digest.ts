// The keyed digest by which the content of a Secret is compared without keeping it.
import { createHmac } from "node:crypto";

/** A digest of a Secret's `data`; equal content gives an equal digest, and no `data` is the same as an empty one. */
export type Digest = (data: Readonly<Record<string, string>> | undefined) => string;

// RFC 2104, section 5: no less than half of the hash, so 128 of the 256 bits. Tens of thousands of them are kept.
const bytesKept = 16;

/**
 * HMAC-SHA256 over the sorted keys and their values (base64, as the API server gives them), each after its length so
 * that no two contents run together. Without `key`, which stays in this run of the operator, a digest says nothing
 * about the content, and nobody can make content that fits a digest.
 */
export function keyedDigest(key: Uint8Array): Digest {
  // In a rotation thousands of Secrets in a row hold the same, and to compare costs a tenth of a digest at most.
  let last: { readonly data: Readonly<Record<string, string>>; readonly digest: string } | undefined;
  const digestOf = (data: Readonly<Record<string, string>>): string => {
    const hmac = createHmac("sha256", key);
    for (const name of Object.keys(data).toSorted()) {
      for (const part of [name, data[name] ?? ""]) {
        hmac.update(`${part.length}:`);
        hmac.update(part);
      }
    }
    return hmac.digest().subarray(0, bytesKept).toBase64();
  };
  return (data = {}) => {
    if (!last || !isSame(last.data, data)) last = { data, digest: digestOf(data) };
    return last.digest;
  };
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
