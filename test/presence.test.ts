// Tests of who may say that something is known to be absent.
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("only who has seen a list end, a deletion told, or every pull Secret judged", () => {
  const sources = globSync("src/**/*.ts", { cwd: process.cwd() });
  expect(sources.length).toBeGreaterThan(100);
  const makers = sources.filter((path) => /\bknownAbsent\b|\bas KnownAbsent\b/.test(readFileSync(path, "utf8")));
  expect(makers.toSorted()).toEqual([
    "src/entitlement/judged-secrets.ts",
    "src/runtime/watch/horizon.ts",
    "src/runtime/watch/presence.ts",
    "src/runtime/watch/store.ts",
  ]);
});
