// Tests that digests are equal exactly where the content is.
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDigest } from "../../src/cluster/digest.ts";

const digest = keyedDigest(new Uint8Array(32).fill(7));
const content = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });

describe("the digest of a Secret's data", () => {
  it("does not depend on the order of keys", () => {
    expect(digest({ a: "MQ==", b: "Mg==" })).toBe(digest({ b: "Mg==", a: "MQ==" }));
  });

  it("is the same for no data and for empty data", () => {
    expect(digest(undefined)).toBe(digest({}));
  });

  it("tells any two contents apart", () => {
    fc.assert(
      fc.property(content, content, (one, other) => {
        const same = isDeepStrictEqual({ ...one }, { ...other });
        expect(digest(one) === digest(other)).toBe(same);
      }),
    );
    expect(digest({ a: "bc" })).not.toBe(digest({ ab: "c" }));
    expect(digest({ a: "b", c: "d" })).not.toBe(digest({ a: "b1:c1:d" }));
  });

  it("says nothing to whoever lacks the key", () => {
    expect(keyedDigest(new Uint8Array(32).fill(8))({ a: "MQ==" })).not.toBe(digest({ a: "MQ==" }));
  });

  it("is short: 16 bytes", () => {
    expect(Uint8Array.fromBase64(digest({ a: "MQ==" }))).toHaveLength(16);
  });
});
