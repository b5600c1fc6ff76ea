// Tests of writing YAML: whatever somebody wrote stays one value, whoever parses it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { yamlDocument } from "../../../src/cli/terminal/yaml-document.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

describe("a YAML document", () => {
  it("means what was written, and holds no character at which readers part", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const document = yamlDocument({ stringData: { config: text } });
        expect(obeyedIn(document.replaceAll(/[\n\t]/g, ""))).toEqual([]);
        expect(parse(document)).toEqual({ stringData: { config: text } });
      }),
      { numRuns: 500 },
    );
  });

  it.each(["\u0085", "\u2028", "\u2029"])("has no line that ends at %j, as readers of YAML 1.1 would end it", (end) => {
    const text = `{"auths":{}}${end}---${end}kind: ClusterRoleBinding`;
    expect(yamlDocument({ text }).split(/[\n\u0085\u2028\u2029]/)).not.toContain("---");
  });

  it("is plain where it can be", () => {
    expect(yamlDocument({ text: "a\nb" })).toBe("text: |-\n  a\n  b\n");
  });
});
