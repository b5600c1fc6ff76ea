// Is a WWW-Authenticate header read as RFC 9110 has it?
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

  it("is read in no time, however odd it is", () => {
    const odd = `Bearer ${'realm="\\'.repeat(5_000)}`;
    const startedAt = performance.now();
    challengesIn(odd);
    challengesIn(`${"a ".repeat(20_000)}=`);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
