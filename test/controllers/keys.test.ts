// Tests that every queue key is parsed back from its text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialKey, keyOf, referencesKey, secretKey, tokenKey } from "../../src/controllers/keys.ts";

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,30}[a-z0-9])?$/);

describe("a key", () => {
  it("is read back as it was made", () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(keyOf(tokenKey(one))).toEqual({ controller: "token", grantKey: one });
        expect(keyOf(secretKey(one, other))).toEqual({ controller: "secret", namespace: one, name: other });
        expect(keyOf(referencesKey(one))).toEqual({ controller: "references", namespace: one });
        expect(keyOf(credentialKey(one))).toEqual({ controller: "credential", name: one });
      }),
    );
  });

  it.each(["", "pod/a", "a/b"])("%j belongs to no controller", (text) => {
    expect(() => keyOf(text)).toThrow("no controller is called");
  });
});
