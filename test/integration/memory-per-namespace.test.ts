// Tests that a namespace that is served costs the operator little memory.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { nodeOptions } from "../node-options.ts";

const driver = fileURLToPath(new URL("../growth/kept-memory.ts", import.meta.url));
/** Bytes: docs/performance.md */
const most = 1_850;

it("a namespace that is served costs a few kilobytes", async () => {
  const kept = async (namespaces: number): Promise<number> => {
    // What V8 compiles for speed takes megabytes, which come and go.
    const options = [...nodeOptions, "--max-opt=0", "--expose-gc", driver, String(namespaces)];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    return Number(stdout);
  };
  // Tables grow to twice their size: with both of these they are nearly full.
  const [few, many] = [await kept(500), await kept(2_000)];
  expect((many - few) / 1_500).toBeLessThan(most);
});
