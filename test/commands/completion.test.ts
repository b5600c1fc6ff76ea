// Does a shell get what may come next?
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { completionScript, shells } from "../../src/commands/completion/completion-scripts.ts";
import { commandLine } from "../../src/commands/command-line.ts";
import { surroundings } from "./surroundings.ts";

async function candidates(...words: string[]): Promise<readonly string[]> {
  const around = surroundings();
  expect(await commandLine(["__complete", ...words], around)).toBe(0);
  const lines = around.said.stdout.trimEnd().split("\n");
  // cobra's "no file names", which kubectl wants as the last line.
  expect(lines.pop()).toBe(":4");
  return lines;
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
    expect(await candidates(...words)).toEqual(expected);
  });

  it("starts with every command, and no hidden one", async () => {
    const all = await candidates("");
    expect(all).toEqual(expect.arrayContaining(["run", "status", "explain", "plan"]));
    expect(all.filter((word) => word.startsWith("_"))).toEqual([]);
  });

  it("is told to kubectl, which asks by another name", async () => {
    const around = surroundings({ calledAs: "/usr/local/bin/kubectl_complete-regcred" });
    expect(await commandLine(["expl"], around)).toBe(0);
    expect(around.said.stdout).toBe("explain\n:4\n");
  });
});

describe("the script", () => {
  it.each(shells)("of %s asks the program", async (shell) => {
    const around = surroundings();
    expect(await commandLine(["completion", shell], around)).toBe(0);
    expect(around.said.stdout).toBe(completionScript(shell));
    expect(around.said.stdout).toContain("regcred __complete");
  });

  it("completes in bash", () => {
    const session = `regcred() { printf 'status\\nstart\\n:4\\n'; }
${completionScript("bash")}
COMP_WORDS=(regcred sta); COMP_CWORD=1; _regcred; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(spawnSync("bash", ["-c", session], { encoding: "utf8" })).toMatchObject({
      stdout: "status\nstart\n",
      stderr: "",
    });
  });
});
