// Tests that a namespace that is served costs the operator little memory.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { nodeOptions } from "../node-options.ts";

const driver = fileURLToPath(new URL("../growth/kept-memory.ts", import.meta.url));
/** Bytes: docs/performance.md */
const most = 3_400;

it("a namespace that is served costs a few kilobytes, the Secret itself among them", async () => {
  const kept = async (namespaces: number): Promise<number> => {
    const options = [...nodeOptions, "--expose-gc", driver, String(namespaces)];
    const { stdout } = await promisify(execFile)(process.execPath, options);
    return Number(stdout);
  };
  const [few, many] = [await kept(500), await kept(2_500)];
  expect((many - few) / 2_000).toBeLessThan(most);
});
