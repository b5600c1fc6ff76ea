// Tests that npx, npm install and npm link bring the program to people, without anything from a registry.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "regcred-package-"));
const ownPath = process.env["PATH"] ?? "";
const thisNode = `${dirname(process.execPath)}${delimiter}${ownPath}`;
const programs = ["kubectl-regcred", "kubectl_complete-regcred", "regcred"];

/** With nothing of our npm's settings. */
function run(program: string, args: readonly string[], { path = thisNode, cwd = folder, prefix = "none" } = {}) {
  return spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    env: {
      PATH: path,
      HOME: folder,
      npm_config_cache: join(folder, "cache"),
      npm_config_prefix: join(folder, prefix),
      // Nobody listens there.
      npm_config_registry: "http://127.0.0.1:1",
      npm_config_update_notifier: "false",
    },
  });
}

/** The programs that npm put there, each asked what it is for. */
function installedIn(prefix: string) {
  const bin = join(folder, prefix, "bin");
  const path = `${bin}${delimiter}${thisNode}`;
  return {
    names: readdirSync(bin).toSorted(),
    version: run("regcred", ["--version"], { path }).stdout,
    help: run("kubectl-regcred", ["status", "--help"], { path }).stdout,
    completed: run("kubectl_complete-regcred", ["sta"], { path }).stdout,
  };
}

const works = {
  names: programs,
  version: `${packageJson.version}\n`,
  help: expect.stringMatching(/^Usage: kubectl regcred status /),
  completed: "status\n:4\n",
};

// npm takes a second or two, more on a busy machine; so does the bundle.
describe("the package", { timeout: 120_000 }, () => {
  let file: string;
  const done = (ran: SpawnSyncReturns<string>): string => {
    expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    return ran.stdout;
  };

  beforeAll(() => {
    done(run("npm", ["run", "package", "--", `--to=${folder}`], { cwd: root }));
    file = join(folder, `regcred-${packageJson.version}.tgz`);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is called as docs/cli.md calls it", () => {
    const named = readFileSync(join(root, "docs/cli.md"), "utf8").match(/regcred-[\d.]+\.tgz/g);
    expect(new Set(named)).toEqual(new Set([basename(file)]));
  });

  it("has the program and its licence, and depends on nothing", () => {
    const listed = done(run("tar", ["-tzf", file]))
      .trim()
      .split("\n");
    const others = listed.filter((name) => !/^package\/(?:main|parts\/[\w.-]+)\.mjs$/.test(name));
    expect(others.toSorted()).toEqual(["package/LICENSE", "package/package.json", "package/regcred.mjs"]);
    const made = JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8")) as object;
    expect(Object.keys(made).filter((key) => /ependencies$|^private$|^scripts$/.test(key))).toEqual([]);
  });

  it("runs by npx", () => {
    expect(done(run("npx", ["--offline", "--yes", `--package=${file}`, "kubectl-regcred", "--version"]))).toBe(
      `${packageJson.version}\n`,
    );
  });

  it("is installed for good", () => {
    done(run("npm", ["install", "--global", "--offline", file], { prefix: "installed" }));
    expect(installedIn("installed")).toEqual(works);
  });

  it("is linked from its sources by npm link", () => {
    done(run("npm", ["link", "--offline"], { cwd: root, prefix: "linked" }));
    expect(installedIn("linked")).toEqual(works);
  });

  it("runs on the Node that is there, or says which one it needs", () => {
    // Not that of our own packages, which npm puts in front.
    const path = ownPath
      .split(delimiter)
      .filter((each) => !each.includes("node_modules"))
      .join(delimiter);
    const version = done(run("node", ["--version"], { path }))
      .trim()
      .slice(1);
    const ran = run("node", [join(folder, "package/regcred.mjs"), "--version"], { path });
    const sentence = `error: regcred needs Node 26 or newer and this is Node ${version}: install Node 26 from https://nodejs.org\n`;
    expect(ran).toMatchObject(
      Number.parseInt(version, 10) >= 26
        ? { status: 0, stdout: `${packageJson.version}\n`, stderr: "" }
        : { status: 1, stdout: "", stderr: sentence },
    );
  });
});
