// Tests that the demo does what its flags say.
import { describe, expect, it } from "vitest";
import { helpText, parseOptions } from "./options.ts";

describe("the options of the demo", () => {
  it("are a whole demo on a control plane of its own, with 50 namespaces, when nothing is said", () => {
    expect(parseOptions([])).toEqual({
      kind: "play",
      options: { once: false, report: undefined, context: undefined, yes: false, namespaces: 50 },
    });
  });

  it("can all be given", () => {
    const args = ["--once", "--report", "demo.json", "--context", "kind", "--yes", "--namespaces", "7"];
    expect(parseOptions(args)).toEqual({
      kind: "play",
      options: { once: true, report: "demo.json", context: "kind", yes: true, namespaces: 7 },
    });
  });

  it.each([
    ["--namespaces", "2"],
    ["--namespaces", "1001"],
    ["--namespaces", "many"],
    ["--namespaces"],
    ["--report", ""],
    ["--context", ""],
    ["--contxt", "kind"],
    ["kind"],
  ])("are refused as %s %s", (...args) => {
    expect(parseOptions(args)).toMatchObject({ kind: "wrong", message: expect.stringContaining("--help") });
  });

  it("are all in the help, with the exit codes", () => {
    expect(parseOptions(["--help"])).toEqual({ kind: "help" });
    for (const word of ["--once", "--report", "--namespaces", "--context", "--yes", "Exit codes", "130"]) {
      expect(helpText).toContain(word);
    }
  });
});
