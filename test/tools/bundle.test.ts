// Tests that the program works as one file, with nothing beside it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Plugin } from "rolldown";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { bundle } from "../../tools/build/bundle.ts";
import { temporaryFolder } from "../cluster/temporary-folder.ts";

/** Runs a file where no package is found, with nothing of our environment. */
function run(file: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [file, ...args], { cwd: join(file, ".."), env: {}, encoding: "utf8" });
}

// Bundling takes some seconds of two cores, more beside other tests.
describe("the bundle", { timeout: 120_000 }, () => {
  it("is one file that knows its version, its help and what is wrong", async () => {
    const file = join(temporaryFolder(), "regcred.mjs");
    // A tenth more than it has: one more SDK would be noticed.
    expect(await bundle(file)).toBeLessThan(5.5e6);
    expect(run(file, "--version")).toMatchObject({ status: 0, stdout: `${packageJson.version}\n`, stderr: "" });
    expect(run(file, "run", "--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("--kubeconfig") });
    const lost = run(file, "run", "--kubeconfig", "/nowhere");
    expect(lost).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: cannot read the kubeconfig/) });
  });

  it("runs no SDK of a cloud before it is asked for", async () => {
    const replaced = new Set<string>();
    const sdks = Object.keys(packageJson.dependencies).filter((name) => /^(?:@aws-sdk\/|@azure\/|oci-)/.test(name));
    const sdk = new RegExp(`/node_modules/(${sdks.join("|")})/`);
    const tripwire: Plugin = {
      name: "tripwire",
      load: (id) => {
        const [, name] = sdk.exec(id) ?? [];
        if (name === undefined) return undefined;
        replaced.add(name);
        return `throw new Error("${name} ran");`;
      },
    };
    const file = join(temporaryFolder(), "regcred.mjs");
    await bundle(file, tripwire);
    expect(sdks.length).toBeGreaterThan(3);
    expect([...replaced].toSorted()).toEqual(sdks.toSorted());
    expect(run(file, "--version")).toMatchObject({ status: 0, stderr: "" });
  });
});
