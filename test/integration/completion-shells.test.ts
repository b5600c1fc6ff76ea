// Tests that bash, zsh and fish complete what a person types, with the real program behind them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completionScript, type Shell, shells } from "../../src/cli/completion/completion-scripts.ts";

const folder = mkdtempSync(join(tmpdir(), "regcred-shells-"));
const environment = {
  PATH: [join(folder, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
  HOME: folder,
  ZDOTDIR: folder,
  TERM: "xterm",
  LANG: "C.UTF-8",
};

// Left out where it is missing, and never in CI, where .ci/run installs them.
const missing = new Set<Shell>(
  process.env["CI"] ? [] : shells.filter((shell) => spawnSync(shell, ["-c", "exit"], { env: environment }).error),
);
const named = (shell: Shell): string => `${shell}${missing.has(shell) ? ` (left out: apt-get install ${shell})` : ""}`;

/** What is on the screen after the keys, one shell's prompt and answers and all. */
function typed(shell: "bash" | "zsh", keys: string): string {
  const interactive = { bash: `bash --rcfile ${join(folder, ".bashrc")} -i`, zsh: "zsh -d -i" }[shell];
  const { stdout, error } = spawnSync("script", ["-qec", interactive, "/dev/null"], {
    cwd: folder,
    env: environment,
    input: `${keys}\nexit\n`,
    encoding: "utf8",
  });
  if (error) throw error;
  return stripVTControlCharacters(stdout).replaceAll("\u0007", "").replaceAll("\r\n", "\n");
}

/** What fish would show for a line, each with nothing but its name. */
function offeredByFish(line: string): readonly string[] {
  const [program = ""] = line.split(" ");
  const session = `${program} completion fish | source; complete -C '${line}'`;
  const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", session], {
    cwd: folder,
    env: environment,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter(Boolean);
}

// A shell starts the program at each Tab.
describe("completion", { timeout: 60_000 }, () => {
  beforeAll(() => {
    mkdirSync(join(folder, "bin"));
    for (const program of ["regcred", "kubectl-regcred"]) {
      symlinkSync(join(import.meta.dirname, "../../src/regcred.mjs"), join(folder, "bin", program));
    }
    writeFileSync(join(folder, "tokens.yaml"), "");
    writeFileSync(join(folder, ".bashrc"), "source <(regcred completion bash)\n");
    writeFileSync(join(folder, ".zshrc"), "autoload -U compinit && compinit -u -D\nsource <(regcred completion zsh)\n");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const shell of ["bash", "zsh"] as const) {
    it.runIf(process.platform === "linux" && !missing.has(shell))(
      `completes a command, its argument and a file in ${named(shell)}`,
      () => {
        // What is run then is told by what it prints.
        expect(typed(shell, "regcred comple\tfi\t")).toContain(completionScript("fish", "regcred"));
        expect(typed(shell, "regcred plan -f tok\t --wrong")).toContain("plan -f tokens.yaml");
        expect(typed(shell, "regcred plan --del\t --wrong")).toContain("plan --delete");
      },
    );
  }

  it.runIf(!missing.has("fish"))(`completes both names of the program in ${named("fish")}`, () => {
    for (const program of ["regcred", "kubectl-regcred"]) {
      expect(offeredByFish(`${program} st`)).toEqual(["status"]);
      expect(offeredByFish(`${program} completion `).toSorted()).toEqual(shells.toSorted());
      expect(offeredByFish(`${program} plan -f t`)).toEqual(["tokens.yaml"]);
      expect(offeredByFish(`${program} status `)).toEqual([]);
    }
  });
});
