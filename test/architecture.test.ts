// Tests that every file keeps to its layer, and that a file that does not is found.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inspectArchitecture, type PureFiles, testHeaderViolations } from "./architecture.ts";
import { smallFileViolations } from "./small-files.ts";

const root = join(import.meta.dirname, "..");

/** Which files tsconfig.pure.json proves pure. */
function pureFiles(): PureFiles {
  const text = readFileSync(join(root, "tsconfig.pure.json"), "utf8").replaceAll(/^\s*\/\/.*$/gm, "");
  return JSON.parse(text) as PureFiles;
}

it("every file keeps to its layer", () => {
  const { files, violations } = inspectArchitecture(root, pureFiles());
  expect(files).toContain("src/runtime/clock.ts");
  expect(violations).toEqual([]);
});

it("each kind of violation is found", () => {
  const { violations } = inspectArchitecture(join(root, "test/fixtures/architecture"), pureFiles());
  const reads = "reads a number: only src/runtime/foreign-numbers.ts knows how far it is believed";
  const others = "is somebody else's number: only src/runtime/foreign-numbers.ts knows how far it is believed";
  expect(violations).toEqual([
    "src/api/with-package.ts: is pure and does not see yaml",
    "src/cli/imports-main.ts: only src/regcred.mjs imports src/main.ts",
    "src/cli/imports-main.ts: imports test code (test/fake-clock.ts)",
    "src/cli/imports-main.ts: imports a tool (tools/build/bundle.ts)",
    "src/controllers/token/plan-reads-file.ts: is pure and does not see node:fs",
    "src/controllers/token/plan-reads-file.ts: is pure and does not see src/runtime/client/connection.ts",
    "src/controllers/token/plan-reads-file.ts: is pure and does not see src/registry/pull-check.ts",
    "src/controllers/token/writes.ts: src/controllers/ sees src/runtime/client/connection.ts only by import type",
    "src/controllers/token/writes.ts: src/controllers/ sees src/metrics/metrics.ts only by import type",
    "src/controllers/token/writes.ts: src/controllers/ sees src/providers/one.ts only by import type",
    "src/main.ts: the first line must be a comment that says what is in the file",
    'src/main.ts: line 2 switches a check off without " -- " and the reason',
    'src/metrics/metrics.ts: only src/runtime/client/ knows API-server URLs, such as "/apis/example.dev/v1/things/"',
    "src/operator/loads-early.ts: src/runtime/tls/certificate-authority.ts must be loaded lazily, by import()",
    "src/providers/one.ts: @aws-sdk/client-ecr must be loaded lazily, by import()",
    "src/providers/own-retry.ts: Denied: failure() of src/api/reasons.ts says who can fix it and when it is retried",
    "src/registry/hosts.ts: src/registry/ does not see src/providers/one.ts",
    "src/registry/hosts.ts: is pure and does not see src/providers/one.ts",
    'src/runtime/client/connection.ts: only src/runtime/steps.ts makes commands, by kubectl`...`, such as "create it: kubectl delete namespace "',
    "src/runtime/clock.ts: the header must say what is in the file, not ask",
    "src/runtime/queue/knows-plan.ts: src/runtime/ does not see src/controllers/token/plan-reads-file.ts",
    `src/runtime/watch/reads-numbers.ts: Number ${reads}`,
    `src/runtime/watch/reads-numbers.ts: + ${reads}`,
    `src/runtime/watch/reads-numbers.ts: Number.parseInt ${reads}`,
    `src/runtime/watch/reads-numbers.ts: new Date ${reads}`,
    `src/runtime/watch/reads-numbers.ts: Temporal.Instant.from ${reads}`,
    `src/runtime/watch/reads-numbers.ts: Temporal.Duration.from ${reads}`,
    `src/runtime/watch/reads-numbers.ts: expires_in ${others}`,
    `src/runtime/watch/reads-numbers.ts: retry-after ${others}`,
    "src/providers/one.ts and src/providers/two.ts: @aws-sdk/client-ecr belongs to one file",
  ]);
});

it("the header of a test says what is in it", () => {
  expect(testHeaderViolations(root)).toEqual([]);
});

it("a small file has a reason to stand alone", () => {
  expect(smallFileViolations(root)).toEqual([]);
});

it("a small file without a reason is found, and a reason without its small file", () => {
  const violations = smallFileViolations(join(root, "test/fixtures/architecture"));
  expect(violations).toContain(
    "src/registry/hosts.ts: is shorter than 25 lines: merge it into the file of its subject, or say why not",
  );
  expect(violations).toContain("src/runtime/time-text.ts: needs no reason any more");
});
