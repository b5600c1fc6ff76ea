// Tests of parsing a WWW-Authenticate header as RFC 9110 has it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Challenge, challengesIn } from "../../src/registry/challenge.ts";

const bearer = (parameters: Challenge["parameters"]): Challenge => ({ scheme: "bearer", parameters });

describe("a WWW-Authenticate header", () => {
  it.each<[string, string, readonly Challenge[]]>([
    [
      "Docker Hub's",
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
      [bearer({ realm: "https://auth.docker.io/token", service: "registry.docker.io" })],
    ],
    [
      "ECR's",
      'Basic realm="https://1.dkr.ecr.eu-west-3.amazonaws.com/",service="ecr.amazonaws.com"',
      [
        {
          scheme: "basic",
          parameters: { realm: "https://1.dkr.ecr.eu-west-3.amazonaws.com/", service: "ecr.amazonaws.com" },
        },
      ],
    ],
    [
      "a value with commas",
      'Bearer realm="https://r.io/t",scope="repository:a:pull,push"',
      [bearer({ realm: "https://r.io/t", scope: "repository:a:pull,push" })],
    ],
    ["escaped quotes", String.raw`Bearer realm="a\"b\\c"`, [bearer({ realm: String.raw`a"b\c` })]],
    ["values without quotes", "Bearer realm=token, service=x", [bearer({ realm: "token", service: "x" })]],
    [
      "spaces and capitals anywhere",
      '  BEARER  Realm = "https://r.io/t" , SERVICE="x" ',
      [bearer({ realm: "https://r.io/t", service: "x" })],
    ],
    [
      "two challenges in one field",
      'Basic realm="a", Bearer realm="https://r.io/t",service="x"',
      [{ scheme: "basic", parameters: { realm: "a" } }, bearer({ realm: "https://r.io/t", service: "x" })],
    ],
    ["a scheme alone", "Negotiate", [{ scheme: "negotiate", parameters: {} }]],
    [
      "schemes alone, one after the other",
      'Negotiate, Basic realm="a"',
      [
        { scheme: "negotiate", parameters: {} },
        { scheme: "basic", parameters: { realm: "a" } },
      ],
    ],
    ["nothing", "", []],
    ["a quote that never ends", 'Bearer realm="https://r.io', [bearer({})]],
  ])("with %s", (_what, header, expected) => {
    const found = challengesIn(header);
    expect(found.slice(0, expected.length)).toEqual(expected);
  });

  it("never makes the reader fail or go on for ever", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "B", "=", ",", '"', " ", "\\", "\t", "/") }), (header) => {
        expect(challengesIn(header).length).toBeLessThanOrEqual(header.length);
      }),
    );
  });

  it.each<[string, (size: number) => string]>([
    ["spaces", (size) => `Bearer${" ".repeat(size)}=`],
    ["spaces and commas", (size) => ` ,`.repeat(size / 2)],
    ["words", (size) => `${"a ".repeat(size / 2)}=`],
    ["one word", (size) => "a".repeat(size)],
    ["quotes that end in a backslash", (size) => `Bearer ${'realm="\\'.repeat(size / 8)}`],
    ["a quote that never ends", (size) => `Bearer realm="${"\\a".repeat(size / 2)}`],
    ["parameters", (size) => `Bearer ${'r="x",'.repeat(size / 6)}`],
    ["equals signs", (size) => `Bearer ${"=".repeat(size)}`],
    ["spaces around equals signs", (size) => `Bearer ${`a${" ".repeat(9)}=${" ".repeat(9)}b `.repeat(size / 22)}`],
  ])("full of %s is read in a few looks at each character", (_what, made) => {
    for (const size of [1_000, 64_000]) {
      const text = made(size);
      let looks = 0;
      challengesIn({
        length: text.length,
        charCodeAt: (at) => {
          looks += 1;
          return text.charCodeAt(at);
        },
        slice: (from = 0, to = text.length) => {
          looks += to - from;
          return text.slice(from, to);
        },
      });
      expect(looks).toBeLessThan(8 * text.length + 50);
    }
  });
});
