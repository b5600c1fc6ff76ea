// Tests of the health of a RegistryCredential in Argo CD, by the health check of config/argocd.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Buildable, buildWithGo, proveGo } from "../cluster/build-with-go.ts";
import { streamPrinter } from "../cluster/printer.ts";

/** The Lua that Argo CD runs: https://github.com/argoproj/argo-cd/blob/v3.1.0/util/lua/lua.go */
const glua: Buildable = {
  name: "glua",
  version: "v1.1.2",
  build: {
    module: join(import.meta.dirname, "..", "cluster", "binaries", "glua"),
    package: "github.com/yuin/gopher-lua/cmd/glua",
    linkerFlags: "-s -w",
    packages: 93,
    minutes: "seconds",
  },
};

// It is published nowhere, only built.
const noGo = await proveGo(glua).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);

// On a developer's machine only: CI has Go.
const skipped = noGo !== undefined && !process.env["CI"];
if (skipped) process.stderr.write(`argocd.test.ts needs Go >= 1.26 and is not run: ${noGo}\n`);

interface Health {
  readonly status: string;
  readonly message: string;
}

/** A JSON value as Lua writes it. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{ ${value.map(luaOf).join(", ")} }`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, each]) => `[${JSON.stringify(key)}] = ${luaOf(each)}`)
      .join(", ")} }`;
  }
  return JSON.stringify(value);
}

const condition = (type: string, status: "True" | "False", reason: string): object => ({
  type,
  status,
  reason,
  message: `why ${type}`,
});
const ready = condition("Ready", "True", "Served");
const notReady = condition("Ready", "False", "SourceMissing");

describe.skipIf(skipped)("Argo CD's health of a RegistryCredential, which needs Go", () => {
  let program: string;
  let folder: string;
  let check: string;

  const healthOf = async (object: object): Promise<Health> => {
    const script = join(folder, "check.lua");
    const call = `local health = check()\nprint(health.status)\nprint(health.message)\n`;
    await writeFile(script, `obj = ${luaOf(object)}\nlocal function check()\n${check}\nend\n${call}`);
    const { stdout } = await promisify(execFile)(program, [script]);
    const [status = "", message = ""] = stdout.split("\n");
    return { status, message };
  };
  const withConditions = (conditions: readonly object[], spec: object = {}): object => ({
    metadata: { generation: 2 },
    spec,
    status: { observedGeneration: 2, conditions },
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-argocd-"));
    if (noGo !== undefined) throw new Error(noGo);
    program = join(folder, "glua");
    await buildWithGo(glua, program, streamPrinter(process.stderr));
    check = await readFile(new URL("../../config/argocd/health.lua", import.meta.url), "utf8");
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    [[ready], {}, "Healthy", "Served: why Ready"],
    [[notReady], {}, "Degraded", "SourceMissing: why Ready"],
    [[notReady, condition("Reconciling", "True", "Progressing")], {}, "Progressing", "Progressing: why Reconciling"],
    [[notReady, condition("Stalled", "True", "InvalidSpec")], {}, "Degraded", "InvalidSpec: why Stalled"],
    [
      [ready, condition("RemovalHeld", "True", "TooManyNamespaces")],
      {},
      "Suspended",
      "TooManyNamespaces: why RemovalHeld",
    ],
    [
      [notReady, condition("DrainBlocked", "True", "AdmissionDenied")],
      {},
      "Degraded",
      "AdmissionDenied: why DrainBlocked",
    ],
    [[ready], { suspend: true }, "Suspended", "spec.suspend is set: nothing is written to tenants"],
  ])("with the conditions %j and the spec %j is %s", async (conditions, spec, status, message) => {
    expect(await healthOf(withConditions(conditions, spec))).toEqual({ status, message });
  });

  it("is Progressing before the operator has seen it, and after a change", async () => {
    const unseen = { status: "Progressing", message: "the operator has not seen this yet" };
    expect(await healthOf({ metadata: { generation: 1 }, spec: {} })).toEqual(unseen);
    const changed = { metadata: { generation: 3 }, spec: {}, status: { observedGeneration: 2, conditions: [ready] } };
    expect(await healthOf(changed)).toEqual(unseen);
  });
});
