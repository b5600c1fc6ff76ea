// Tests of shell completion: the words that may come next.
import { describe, expect, it } from "vitest";
import { completionScript, shells } from "../../src/cli/completion/completion-scripts.ts";
import { commandLine } from "../../src/cli/command-line.ts";
import { testStreams } from "./io-streams.ts";

async function completed(
  ...words: string[]
): Promise<{ candidates: readonly string[]; directive: string | undefined }> {
  const around = testStreams();
  expect(await commandLine(["__complete", ...words], around)).toBe(0);
  const lines = around.output.stdout.trimEnd().split("\n");
  return { directive: lines.pop(), candidates: lines };
}

describe("what may come next", () => {
  it.each([
    [["st"], ["status"]],
    [["comp"], ["completion"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [
      ["status", "-o", ""],
      ["json", "yaml"],
    ],
    [["explain", "team-a", "--read"], ["--read-secrets"]],
    [["run", "--log-f"], ["--log-format"]],
    [["unknown", "--"], []],
  ])("after %j", async (words, expected) => {
    // cobra's "no file names", which kubectl wants as the last line.
    expect(await completed(...words)).toEqual({ candidates: expected, directive: ":4" });
  });

  it.each([
    ["plan", "-f", ""],
    ["status", "--kubeconfig", "co"],
    ["run", "--metrics-certificate", ""],
  ])("is a file after %s %s", async (...words) => {
    expect(await completed(...words)).toEqual({ candidates: [], directive: ":0" });
  });

  it("starts with every command, and no hidden one", async () => {
    const { candidates: all } = await completed("");
    expect(all).toEqual(expect.arrayContaining(["run", "status", "explain", "plan"]));
    expect(all.filter((word) => word.startsWith("_"))).toEqual([]);
  });

  it("is told to kubectl, which asks by another name", async () => {
    const around = testStreams({ calledAs: "/usr/local/bin/kubectl_complete-regcred" });
    expect(await commandLine(["expl"], around)).toBe(0);
    expect(around.output.stdout).toBe("explain\n:4\n");
  });
});

describe("the script", () => {
  it.each(shells)("of %s asks the program by the name under which it was called", async (shell) => {
    for (const [calledAs, file] of [
      ["", "regcred"],
      ["/usr/local/bin/kubectl-regcred", "kubectl-regcred"],
    ] as const) {
      const around = testStreams({ calledAs });
      expect(await commandLine(["completion", shell], around)).toBe(0);
      expect(around.output.stdout).toBe(completionScript(shell, file));
      expect(around.output.stdout).toContain(`${file} __complete`);
    }
  });
});
