// Tests that further references are found again after a restart, including those that the spec no longer has.
import { describe, expect, it } from "vitest";
import { extraReferences, rememberedExtras } from "../../src/entitlement/extra-references.ts";
import { credential } from "./objects.ts";

function extrasOf(wanted: readonly string[] | undefined, remembered: readonly string[] | undefined) {
  return extraReferences(
    credential({
      spec: { pullSecret: { name: "regcred", onConflict: "Fail", ...(wanted && { extraReferences: [...wanted] }) } },
      ...(remembered && { status: { extraReferences: [...remembered] } }),
    }),
  );
}

describe("a further reference", () => {
  it("is current once the status remembers it, and former once the spec has lost it", () => {
    expect(extrasOf(["a", "b"], ["c", "b"])).toEqual({ current: ["b"], coming: ["a"], former: ["c"] });
    expect(extrasOf(undefined, undefined)).toEqual({ current: [], coming: [], former: [] });
  });

  it("is never the credential's own name, whatever the status says", () => {
    expect(extrasOf(["a"], ["regcred", "c"])).toEqual({ current: [], coming: ["a"], former: ["c"] });
  });

  it("is remembered before it is current, and until no record has it", () => {
    const extras = extrasOf(["a", "b"], ["b", "c", "d"]);
    expect(rememberedExtras(extras, new Set(["a", "c"]))).toEqual(["b", "a", "c"]);
    expect(rememberedExtras(extras, new Set())).toEqual(["b", "a"]);
  });

  it("of the spec is always among the remembered, however many there were before", () => {
    const former = Array.from({ length: 40 }, (_, index) => `former-${index}`);
    const remembered = rememberedExtras(extrasOf(["a"], former), new Set(former));
    expect(remembered).toHaveLength(32);
    expect(remembered[0]).toBe("a");
  });
});
