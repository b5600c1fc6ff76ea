// Tests that the bench understands its options, and says what to write instead of nonsense.
import { describe, expect, it } from "vitest";
import { type Asked, type BenchOptions, helpText, parseOptions } from "./options.ts";

const machine = { cores: 2, hasTaskset: true };

function parsed(line: string): Asked {
  return parseOptions(line.split(" ").filter(Boolean), machine);
}

function optionsOf(line: string): BenchOptions {
  const asked = parsed(line);
  if (asked.kind !== "bench") throw new Error(JSON.stringify(asked));
  return asked.options;
}

describe("the options of the bench", () => {
  it("are 200 namespaces and five pairs unless told otherwise", () => {
    expect(optionsOf("")).toMatchObject({
      namespaces: [200],
      work: { kind: "measure", pairs: 5 },
      dimensions: { credentials: 1, grantsPerNamespace: 0, serviceAccounts: 1, foreignSecrets: 0 },
    });
  });

  it("take several sizes, and go from the smallest to the largest", () => {
    expect(optionsOf("--namespaces 1000,100,10000").namespaces).toEqual([100, 1_000, 10_000]);
  });

  it("take the dimensions", () => {
    expect(
      optionsOf("--credentials 60 --select all --grants-per-namespace 2 --service-accounts 3 --foreign-secrets 20000"),
    ).toMatchObject({
      dimensions: { credentials: 60, select: "all", grantsPerNamespace: 2, serviceAccounts: 3, foreignSecrets: 20_000 },
    });
  });

  it("take what is measured instead", () => {
    expect(optionsOf("--hand-overs 3 --signal SIGKILL").work).toEqual({
      kind: "handOvers",
      count: 3,
      signal: "SIGKILL",
    });
    expect(optionsOf("--floods 2 --namespaces 50")).toMatchObject({
      work: { kind: "floods", pairs: 2 },
      namespaces: [50],
    });
    expect(optionsOf("--trouble slow,churn --churn-minutes 2").work).toEqual({
      kind: "trouble",
      asked: ["slow", "churn"],
      churnMinutes: 2,
    });
    expect(optionsOf("--pods 60").work).toEqual({ kind: "pods", count: 60 });
  });

  it.each([
    ["--namespaces 1", /--namespaces cannot be "1": write a whole number from 2 to 20000/],
    ["--namespaces 100,,1000", /--namespaces cannot be ""/],
    ["--namespaces 100,100", /--namespaces has 100 twice: write each size once/],
    ["--pairs 0", /--pairs cannot be "0": write a whole number from 1 to 50/],
    ["--pairs 2e1", /--pairs cannot be "2e1"/],
    ["--hand-overs 3 --floods 2", /write one of --hand-overs and --floods/],
    ["--hand-overs 3 --signal SIGHUP", /--signal cannot be "SIGHUP": write SIGTERM or SIGKILL/],
    ["--signal SIGKILL", /write --hand-overs N with it/],
    ["--hand-overs 3 --namespaces 10,20", /--hand-overs takes one size: write --namespaces 10/],
    ["--floods 3 --pairs 2", /--pairs says nothing about --floods: leave one of them out/],
    ["--select all", /write --credentials N with it/],
    ["--credentials 5 --select some", /--select cannot be "some": write own or all/],
    [
      "--credentials 30 --namespaces 20,60",
      /30 RegistryCredentials cannot share 20 namespaces: write --credentials 20/,
    ],
    ["--credentials 10 --namespaces 1000", /write --credentials 16 or more, or --select all/],
    ["--api-server-cores 2", /--api-server-cores cannot be "2": write a whole number from 1 to 1/],
    ["--report=", /--report needs the name of a file/],
    ["--trouble slow,fast", /--trouble cannot be "fast": write slow or flaky or throttled or three or churn/],
    ["--trouble slow --churn-minutes 5", /write --trouble slow,churn/],
    ["--churn-minutes 5", /write --trouble churn with it/],
    ["--trouble slow --pods 5", /write one of --pods and --trouble/],
    ["--namespace 5", /Unknown option '--namespace'/],
    ["20", /Unexpected argument '20'/],
  ])("refuse %s, and say what to write", (line, sentence) => {
    expect(parsed(line)).toEqual({ kind: "wrong", message: expect.stringMatching(sentence) });
  });

  it("refuse to hold the API server to some cores where there is no way to", () => {
    const line = ["--api-server-cores", "1"];
    expect(parseOptions(line, { cores: 2, hasTaskset: true })).toMatchObject({ options: { apiServerCores: 1 } });
    expect(parseOptions(line, { cores: 2, hasTaskset: false })).toMatchObject({ kind: "wrong" });
    expect(parseOptions(line, { cores: 1, hasTaskset: true })).toMatchObject({ kind: "wrong" });
  });
});

it("shows each of its options in the help", () => {
  expect(parsed("--help")).toEqual({ kind: "help" });
  for (const flag of ["--namespaces", "--credentials", "--select", "--api-server-cores", "--hand-overs", "--pods"]) {
    expect(helpText).toContain(`  ${flag} `);
  }
  expect(Math.max(...helpText.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
});
