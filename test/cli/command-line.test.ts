// Tests of the command line: its help, and what it says of wrong arguments.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clusterCommands } from "../../src/cli/all-commands.ts";
import { commandLine } from "../../src/cli/command-line.ts";
import { settings } from "../../src/config/config.ts";
import { testStreams } from "./io-streams.ts";

const main = join(import.meta.dirname, "..", "..", "src", "regcred.mjs");

/** Words only: the help breaks lines where the terminal ends. */
const words = (text: string): string => text.replaceAll(/\s+/g, " ");

describe("the help", () => {
  it("lists the commands", async () => {
    const around = testStreams();
    expect(await commandLine(["--help"], around)).toBe(0);
    expect(around.output.stdout).toMatch(/^ {2}run \[options\] +run the operator/m);
  });

  it.each(clusterCommands)(
    "of $name has its description, how to reach the cluster, and the exit codes",
    async (command) => {
      const around = testStreams();
      expect(await commandLine([command.name, "--help"], around)).toBe(0);
      const help = words(around.output.stdout);
      for (const part of [command.description, "Cluster options: --kubeconfig", "--context", "Exit codes: 0 yes"]) {
        expect(help).toContain(part);
      }
    },
  );

  it("of run has every setting with its variables and its default, and the exit codes", async () => {
    const around = testStreams();
    expect(await commandLine(["run", "--help"], around)).toBe(0);
    const help = words(around.output.stdout);
    for (const { flag, placeholder, variables, fallbackText } of settings) {
      expect(help).toContain(`${flag} ${placeholder} `);
      expect(help).toContain(`(default: ${fallbackText}; environment: ${variables.join(", ")})`);
    }
    expect(help).toMatch(/Exit codes: 0 .* 1 .* 2 .* 130, 143 /);
  });

  it.each(settings.filter(({ fallback }) => ["number", "string", "boolean"].includes(typeof fallback)))(
    "shows a default for $flag that it would take itself",
    ({ fallback, fallbackText, parse }) => {
      expect(parse(fallbackText)).toBe(fallback);
    },
  );
});

describe("a wrong command line", () => {
  it.each([
    { args: [], stderr: /^Usage: regcred/ },
    { args: ["rum"], stderr: /^error: unknown command 'rum'/ },
    {
      args: ["run", "--namespaces", "a"],
      stderr: /^error: unknown option '--namespaces'\n\(Did you mean --namespace\?\)/,
    },
    { args: ["run", "now"], stderr: /^error: too many arguments/ },
    { args: ["run", "--concurrency"], stderr: /^error: option '--concurrency <runs>' argument missing/ },
    {
      args: ["run", "--concurrency", "0"],
      stderr: /^error: --concurrency cannot be "0": write a whole number from 1 to 256\n$/,
    },
  ])("ends with 2: regcred $args", async ({ args, stderr }) => {
    const around = testStreams();
    expect(await commandLine(args, around)).toBe(2);
    expect(around.output.stderr).toMatch(stderr);
    expect(around.output.stdout).toBe("");
    expect(around.asked.operator).toBeUndefined();
  });
});

// A process on a busy machine takes its time to start.
describe("the program", { timeout: 60_000 }, () => {
  it("says its version", () => {
    const ran = spawnSync(process.execPath, [main, "--version"], { encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it("is a plugin of kubectl under the name that kubectl looks for", () => {
    const folder = mkdtempSync(join(tmpdir(), "regcred-plugin-"));
    try {
      symlinkSync(main, join(folder, "kubectl-regcred"));
      const ran = spawnSync(process.execPath, [join(folder, "kubectl-regcred"), "--help"], { encoding: "utf8" });
      expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: kubectl regcred /) });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses a Node without Temporal in one sentence, before it needs it", () => {
    const older = `
      Object.defineProperty(process, "versions", { value: { ...process.versions, node: "24.11.0" } });
      delete globalThis.Temporal;
    `;
    const ran = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(older)}`, main, "run"],
      {
        encoding: "utf8",
      },
    );
    expect(ran).toMatchObject({
      status: 1,
      stdout: "",
      stderr:
        "error: regcred needs Node 26 or newer and this is Node 24.11.0: install Node 26 from https://nodejs.org\n",
    });
  });

  it("reads the environment of its process and gives its exit code", () => {
    const ran = spawnSync(process.execPath, [main, "run"], {
      encoding: "utf8",
      env: { KUBECONFIG: "/nowhere/config", REGCRED_LOG_LEVEL: "error" },
    });
    expect(ran).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^error: no cluster: none of the files that KUBECONFIG names exists \(\/nowhere\/config\)\n$/,
      ),
    });
  });
});
