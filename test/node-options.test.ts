// Tests that the image starts Node as `npm start` does.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { nodeOptions } from "./node-options.ts";

it("the image and npm start give Node the same options", () => {
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");
  const entrypoint: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? "null");
  expect(entrypoint).toEqual([expect.stringMatching(/\/node$/), ...nodeOptions, expect.stringMatching(/\.mjs$/)]);
  expect(nodeOptions.length).toBeGreaterThan(0);
});
