// Tests that the documents are true of the source.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { conditions, conditionTypes } from "../src/api/conditions.ts";
import { isReason, reasons as reasonTable } from "../src/api/reasons.ts";
import * as names from "../src/api/names.ts";
import { parseRegistryCredential } from "../src/api/parse-registry-credential.ts";
import { settings } from "../src/config/config.ts";
import { stored } from "./api/registry-credential.ts";
import { oldestKubernetes } from "./cluster/kubernetes-release.ts";
import { brokenLinks, examples, markdownFiles, missingPaths, tableKeys } from "./documents.ts";
import { phases } from "./phases.ts";

const root = join(import.meta.dirname, "..");
const textOf = (pattern: string): string =>
  globSync(pattern, { cwd: root })
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
const source = textOf("src/**/*.ts");

/** Every match of the first group in the documents, with the document it stands in. */
const mentioned = (pattern: RegExp): { readonly path: string; readonly word: string }[] =>
  markdownFiles.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(([, word = ""]) => ({ path, word })));

/** Reasons are written as `reason: "X"`, or given to a function that makes a failure or a condition of it. */
const reasonPatterns = [
  /\breason: [^=\n]*?"([A-Z]\w+)"/g,
  /\b(?:fail|failure|stop|refusal|refused)\(\s*"([A-Z]\w+)"/g,
  /\b(?:missing|invalid): "([A-Z]\w+)"/g,
  /\binvalid\(\s*"([A-Z]\w+)",(?! name\b)/g,
  /\bconst reason = "([A-Z]\w+)"/g,
  /\bverdict\([^,]+, "([A-Z]\w+)"/g,
];
const reasons = new Set(
  reasonPatterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, reason = ""]) => reason)),
);

describe("the documents", () => {
  it("have links that lead somewhere", () => {
    expect(brokenLinks()).toEqual([]);
  });

  it("name files that exist", () => {
    expect(missingPaths()).toEqual([]);
  });

  it("name npm scripts that exist", () => {
    const scripts = mentioned(/\bnpm (?:run )?(start|test|(?<=run )[\w:-]+)/g);
    expect(scripts.length).toBeGreaterThan(5);
    expect(scripts.filter(({ word }) => !(word in packageJson.scripts))).toEqual([]);
  });

  it("name parts of the tests that exist, and all of them", () => {
    const named = mentioned(/\bnpm test -- ([\w-]+)(?![\w/-])/g).map(({ word }) => word);
    const [unit, ...others] = Object.keys(phases).filter((phase) => phase !== "e2e" && phase !== "integration");
    expect(new Set(named)).toEqual(new Set([unit, ...others]));
  });

  it("say, as the chart and the tests do, which Kubernetes is the oldest that is supported", () => {
    const [, oldest = ""] = /^v(\d+\.\d+)\./.exec(oldestKubernetes.version) ?? [];
    expect(textOf("config/chart/Chart.yaml")).toContain(`kubeVersion: ">=${oldest}.0-0"`);
    expect(textOf("docs/install.md")).toMatch(new RegExp(`\\| Kubernetes \\| ${oldest} or newer; .* on ${oldest}\\.`));
    expect(oldestKubernetes.module).toBe(`kubernetes-${oldest}`);
  });

  it("name labels, annotations and types that exist", () => {
    const known = new Set([...Object.values(names), `${names.group}/${names.version}`]);
    const found = mentioned(/(?<![\w.])(regcred\.dev\/[\w-]+)/g);
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter(({ word }) => !known.has(word))).toEqual([]);
  });

  it("name flags of the operator that exist, and all of them", () => {
    const install = markdownFiles.find(({ path }) => path === "docs/install.md")?.text ?? "";
    expect(settings.filter(({ flag }) => !install.includes(`\`${flag}\``)).map(({ flag }) => flag)).toEqual([]);
  });

  it("show RegistryCredentials that parse", () => {
    const shown = examples.filter(({ object }) => object.kind === names.kind);
    expect(shown.map(({ path }) => path)).toContain("README.md");
    for (const { object } of shown) expect(parseRegistryCredential(stored(object))).toMatchObject({ ok: true });
  });
});

describe("docs/operations.md", () => {
  const documented = tableKeys("docs/operations.md", "Reasons");

  it("has a row for every reason of the table, in its order, and no other", () => {
    expect(documented).toEqual(Object.keys(reasonTable));
  });

  it("is of all reasons in the source, and of none that nothing gives", () => {
    expect(reasons.size).toBeGreaterThan(30);
    expect([...reasons].filter((reason) => !isReason(reason))).toEqual([]);
    expect(documented.filter((reason) => !source.includes(`"${reason}"`))).toEqual([]);
  });

  it("has a row for every condition, which says when it is there, and no others", () => {
    const operations = markdownFiles.find(({ path }) => path === "docs/operations.md")?.text ?? "";
    const rows = [...operations.matchAll(/^\| `(\w+)` +\| (always|while True) +\|/gm)];
    expect(tableKeys("docs/operations.md", "Conditions").toSorted()).toEqual([...conditionTypes].toSorted());
    expect(Object.fromEntries(rows.map(([, type, present]) => [type, present]))).toEqual(
      Object.fromEntries(conditionTypes.map((type) => [type, conditions[type].present])),
    );
  });

  it("explains log messages that are written", () => {
    expect(tableKeys("docs/operations.md", "Logs").filter((message) => !source.includes(`"${message}"`))).toEqual([]);
  });
});
