// Tests that the schema's rules are checked without an API server with the same results and messages as on one.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { celExpression } from "../../src/api/cel.ts";
import { ruleProblems } from "../../src/api/rule-problems.ts";
import { matches, rules } from "../../src/api/rules.ts";
import { specSchema } from "../../src/api/spec-schema.ts";

const keeps = (rule: string, self: unknown): unknown => celExpression(rule)({ self });

describe("an expression", () => {
  it.each([
    ["abc", true],
    ["", false],
    ["abc\n", false],
    ["a1", false],
  ])("matches the whole text: %j", (text, kept) => {
    expect(keeps(matches("[a-z]+"), text)).toBe(kept);
  });

  it.each([
    ["!self.contains('://')", "a://b", false],
    ["!self.endsWith('/')", "a/", false],
    [String.raw`!self.matches(r"^(?i)(a\.io)(/.*)?$")`, "A.io/x", false],
    [String.raw`!self.matches(r"^(?i)(a\.io)(/.*)?$")`, "b.io", true],
    [`!self.matches(r"^.*:[0-9]+$") || self.matches(r"^.*:[1-9]$")`, "a:10", false],
    [`!self.matches(r"^.*:[0-9]+$") || self.matches(r"^.*:[1-9]$")`, "a:1", true],
    ["!(self.lowerAscii() in ['host', 'cookie'])", "COOKIE", false],
    ["!(self.lowerAscii() in ['host', 'cookie'])", "accept", true],
    ["has(self.a) != has(self.b)", { a: 1 }, true],
    ["has(self.a) != has(self.b)", { a: 1, b: 1 }, false],
    ["!has(self.a) || !has(self.c.d)", { a: 1, c: { d: 1 } }, false],
    ["!has(self.a) || self.a.b == 'x'", {}, true],
    ["self.a.exists(each, each.startsWith('*.')) || self.a.size() == 2", { a: ["x", "y"] }, true],
    ["self.a.exists(each, each.startsWith('*.')) || self.a.size() == 2", { a: ["x"] }, false],
    ["self.a.all(x, x == '*' || self.a.exists_one(y, y in [x]))", { a: ["*", "*", "b"] }, true],
    ["self.a.all(x, x == '*' || self.a.exists_one(y, y in [x]))", { a: ["b", "b"] }, false],
    ["self.a.exists(x, self.b.startsWith(x + '/'))", { a: ["h"], b: "h/i" }, true],
    ["(self.a == 'x' || self.a == 'y') && self.a != 'y'", { a: "y" }, false],
  ])("is as CEL has it: %s of %j", (rule, self, kept) => {
    expect(keeps(rule, self)).toBe(kept);
  });

  it.each([
    [String.raw`self.matches(r"^[^\s]+$")`, "a\u00A0b", true],
    [String.raw`self.matches(r"^[^\s]+$")`, "a\rb", false],
    [String.raw`self.matches(r"^a.b\.[.]$")`, "a\u2028b..", true],
    [String.raw`self.matches(r"^a\sb$")`, "a\vb", false],
    [String.raw`self.matches(r"^a.b$")`, "a\nb", false],
    [String.raw`self.matches(r"^a.b$")`, "a\u{1F600}b", true],
    [String.raw`self.matches(r"^(?i)docker$")`, "DOC\u212Aer", true],
  ])("matches as RE2 does: %s of %j", (rule, self, kept) => {
    expect(keeps(rule, self)).toBe(kept);
  });

  it.each(["self.a", "self.size()", "'x' || true", "self + 1"])("has no value where CEL has none: %s", (source) => {
    expect(() => celExpression(source)({ self: 1 })).toThrow(TypeError);
  });

  it.each(["self.", "self.find('x')", "(self", "self self", "a ? b : c", "&& true", "[self"])(
    "of a form that is not known is none: %s",
    (source) => {
      expect(() => celExpression(source)).toThrow(SyntaxError);
    },
  );
});

describe("what is broken", () => {
  it("is found anywhere in what is written, by its path", () => {
    const text = z.string().meta(rules({ rule: matches("[a-z]+"), message: "write letters" }));
    const pair = z
      .object({ two: text.optional(), three: text.optional() })
      .meta(rules({ rule: "has(self.two) != has(self.three)", message: "write one of both" }));
    const schema = z.object({ one: text, list: z.array(pair), other: z.number() });
    expect(
      ruleProblems(schema, { one: "1", list: [{ two: "ok" }, { two: "2" }, {}], other: 1, more: "9" }, "spec"),
    ).toEqual(["spec.one: write letters", "spec.list[1].two: write letters", "spec.list[2]: write one of both"]);
  });

  it("is what the API server refuses twice in a list, by its keys or as a whole", () => {
    const set = z.array(z.string()).meta({ "x-kubernetes-list-type": "set" });
    const map = z
      .array(z.object({ name: z.string(), value: z.string() }))
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });
    const value = {
      set: ["a", "b", "a", "a"],
      map: [
        { name: "a", value: "1" },
        { name: "a", value: "2" },
      ],
      any: ["a", "a"],
    };
    expect(ruleProblems(z.object({ set, map, any: z.array(z.string()) }), value, "spec")).toEqual([
      "spec.set[2]: it is there twice: remove one",
      "spec.map[1]: another one has the same name: give each its own",
    ]);
  });

  it("is of a form that is known, in all of a spec", () => {
    const known: string[] = [];
    const look = (node: object): void => {
      const { "x-kubernetes-validations": validations = [] } = node as {
        readonly "x-kubernetes-validations"?: readonly { readonly rule: string }[];
      };
      for (const { rule } of validations) {
        celExpression(rule);
        known.push(rule);
      }
      for (const each of Object.values(node)) if (typeof each === "object" && each !== null) look(each as object);
    };
    look(z.toJSONSchema(specSchema, { target: "openapi-3.0", io: "input" }));
    expect(known.length).toBeGreaterThan(80);
  });
});
