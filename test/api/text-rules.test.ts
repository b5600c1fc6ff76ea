// Are the schema's rules on single texts told without an API server as it tells them?
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { keepsRule, textProblems } from "../../src/api/text-rules.ts";
import { matches, rules } from "../../src/api/rules.ts";
import { specSchema } from "../../src/api/spec-schema.ts";

const name = { rule: matches("[a-z]+"), message: "write letters" };

describe("a rule on a text", () => {
  it.each([
    ["abc", true],
    ["", false],
    ["abc\n", false],
    ["a1", false],
  ])("is one regular expression over the whole text: %j", (text, kept) => {
    expect(keepsRule(name, text)).toBe(kept);
  });

  it("may except names, whatever their case", () => {
    const but = { rule: `${name.rule} && !(self.lowerAscii() in ['host', 'cookie'])` };
    expect(["accept", "host", "COOKIE"].map((text) => keepsRule(but, text))).toEqual([true, false, false]);
  });

  it.each([
    ["!self.contains('://')", "a://b", false],
    ["!self.endsWith('/')", "a/", false],
    [String.raw`!self.matches(r"^(?i)(a\.io)(/.*)?$")`, "A.io/x", false],
    [String.raw`!self.matches(r"^(?i)(a\.io)(/.*)?$")`, "b.io", true],
    [`!self.matches(r"^.*:[0-9]+$") || self.matches(r"^.*:[1-9]$")`, "a:10", false],
    [`!self.matches(r"^.*:[0-9]+$") || self.matches(r"^.*:[1-9]$")`, "a:1", true],
  ])("may be made of several, or say what must not be: %s of %j", (rule, text, kept) => {
    expect(keepsRule({ rule }, text)).toBe(kept);
  });

  it("of another form is not decided here", () => {
    expect(keepsRule({ rule: "self.size() < 3" }, "abc")).toBeUndefined();
  });

  it("is found anywhere in what is written, by its path", () => {
    const text = z.string().meta(rules(name));
    const schema = z.object({ one: text, list: z.array(z.object({ two: text.optional() })), other: z.number() });
    expect(
      textProblems(schema, { one: "1", list: [{ two: "ok" }, { two: "2" }, {}], other: 1, more: "9" }, "spec"),
    ).toEqual(["spec.one: write letters", "spec.list[1].two: write letters"]);
  });

  it("is of a form that is known, in all of an entry", () => {
    const undecided: string[] = [];
    const look = (node: object): void => {
      const { type, "x-kubernetes-validations": validations = [] } = node as {
        readonly type?: unknown;
        readonly "x-kubernetes-validations"?: readonly { readonly rule: string }[];
      };
      if (type === "string")
        undecided.push(...validations.map(({ rule }) => rule).filter((rule) => keepsRule({ rule }, "") === undefined));
      for (const each of Object.values(node)) if (typeof each === "object" && each !== null) look(each as object);
    };
    look(z.toJSONSchema(specSchema.shape.registries, { target: "openapi-3.0", io: "input" }));
    expect(undecided).toEqual([]);
  });
});
