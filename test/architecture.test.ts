// Does every file keep to its layer, and would we notice if not?
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, it } from "vitest";
import { inspectArchitecture } from "./architecture.ts";

const root = join(import.meta.dirname, "..");

/** The files that src/plan/tsconfig.json does not prove pure. */
function impureFiles(): string[] {
  const text = readFileSync(join(root, "src/plan/tsconfig.json"), "utf8").replaceAll(/^\s*\/\/.*$/gm, "");
  const { exclude } = JSON.parse(text) as { exclude: string[] };
  return exclude.map((path) => posix.join("src/plan", path));
}

it("every file keeps to its layer", () => {
  const { files, violations } = inspectArchitecture(root, impureFiles());
  expect(files).toContain("src/runtime/clock.ts");
  expect(violations).toEqual([]);
});

it("each kind of violation is found", () => {
  const { violations } = inspectArchitecture(join(root, "test/fixtures/architecture"), ["src/registry/pull-check.ts"]);
  expect(violations).toEqual([
    "src/api/with-package.ts: src/api/ is pure and does not see yaml",
    "src/commands/imports-main.ts: only src/regcred.mjs imports src/main.ts",
    "src/commands/imports-main.ts: imports test code (test/fake-clock.ts)",
    "src/commands/imports-main.ts: imports a tool (tools/build/bundle.ts)",
    'src/runtime/client/connection.ts: only src/runtime/steps.ts makes commands, by kubectl`...`, such as "create it: kubectl delete namespace "',
    "src/long.ts: 301 lines: cut it, or give the reason in longFiles",
    "src/main.ts: the first line must be a comment: which question does the file answer?",
    'src/main.ts: line 2 switches a check off without " -- " and the reason',
    "src/plan/reads-file.ts: src/plan/ is pure and does not see node:fs",
    "src/plan/reads-file.ts: src/plan/ does not see src/runtime/client/connection.ts",
    "src/plan/reads-file.ts: src/plan/ does not see src/registry/pull-check.ts",
    "src/providers/one.ts: @aws-sdk/client-ecr must be loaded lazily, by import()",
    "src/queue/knows-plan.ts: src/queue/ does not see src/plan/reads-file.ts",
    "src/reconcile/writes.ts: src/reconcile/ sees src/runtime/client/connection.ts only by import type",
    "src/reconcile/writes.ts: src/reconcile/ sees src/report/metrics.ts only by import type",
    "src/reconcile/writes.ts: src/reconcile/ sees src/providers/one.ts only by import type",
    "src/registry/hosts.ts: src/registry/ does not see src/providers/one.ts",
    'src/report/metrics.ts: only src/kube/ knows API-server URLs, such as "/apis/example.dev/v1/things/"',
    "src/watch/reads-numbers.ts: Number reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: + reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: Number.parseInt reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: new Date reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: Temporal.Instant.from reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: Temporal.Duration.from reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: expires_in is somebody else's number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/watch/reads-numbers.ts: retry-after is somebody else's number: only src/runtime/foreign-numbers.ts knows how far it is believed",
    "src/providers/one.ts and src/providers/two.ts: @aws-sdk/client-ecr belongs to one file",
  ]);
});
