// Tests that a command loads what it needs, and not the operator and the clouds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { OutputChunk } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { bundle, entryFile } from "../../tools/build/bundle.ts";
import { clusterCommands } from "../../src/cli/all-commands.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { type Loading, loadedModules } from "../loaded-modules.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "regcred-parts-"));
const kubeconfig = join(folder, "config");

/** What a command cannot be asked without. */
const needed: Readonly<Record<string, readonly string[]>> = {
  explain: ["team-a"],
  plan: ["-f", join(root, "config/samples/docker-hub.yaml")],
  verify: ["team-a", "--image", "harbor.acme.example/shop/web:1.4"],
  refresh: ["harbor"],
  import: ["--secrets"],
  drain: ["--all"],
};

/** Where it is made, and the packages that only it needs. */
const ofTheOperator =
  /\/src\/operator\.ts$|\/node_modules\/(?:@aws-sdk|@azure|oci-common|p-queue|pino|pino-pretty|prom-client)\//;

// A process on a busy machine takes its time to start, and a bundle is some seconds of two cores.
describe("the program as it is", { timeout: 60_000 }, () => {
  it("shows its help with its own files and the package that reads command lines", () => {
    const { code, files } = loadedModules(join(root, "src", entryFile), "--help");
    expect(code).toBe(0);
    const packages = files.map((file) => /node_modules\/([^/]+)/.exec(file)?.[1]).filter((name) => name !== undefined);
    expect([...new Set(packages)]).toEqual(["commander"]);
    expect(files.length).toBeLessThan(50);
  });
});

describe("the program in parts", { timeout: 120_000 }, () => {
  let chunks: readonly OutputChunk[];
  const run = (...args: readonly string[]): Loading & { readonly modules: readonly string[] } => {
    const loading = loadedModules(join(folder, entryFile), ...args);
    const loaded = new Set(loading.files.map((file) => relative(folder, file)));
    const modules = chunks.filter(({ fileName }) => loaded.has(fileName)).flatMap(({ moduleIds }) => moduleIds);
    return { ...loading, modules };
  };

  beforeAll(async () => {
    chunks = await bundle(folder);
    // Nobody listens there: https://www.iana.org/assignments/service-names-port-numbers, tcpmux
    writeFileSync(kubeconfig, kubeconfigText("https://127.0.0.1:1", "", "nobody", { token: "none" }));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(clusterCommands.map(({ name }) => name))("%s gets as far as the API server without the operator", (name) => {
    const { code, modules } = run(name, ...(needed[name] ?? []), "--kubeconfig", kubeconfig);
    expect(code).not.toBe(0);
    // It has come so far.
    expect(modules).toContain(join(root, "src/runtime/client/transport.ts"));
    expect(modules.filter((id) => ofTheOperator.test(id))).toEqual([]);
  });

  it("reads a status without the models of the whole API", () => {
    const { stderr, modules } = run("status", "--kubeconfig", kubeconfig);
    expect(stderr).toMatch(/^error: no answer from the API server https:\/\/127\.0\.0\.1:1: /);
    expect(modules.filter((id) => /client-node\/dist\/gen\/models\//.test(id))).toEqual([]);
  });

  it("has the operator, and every cloud's SDK, in other parts", () => {
    const all = chunks.flatMap(({ moduleIds }) => moduleIds);
    const missing = Object.keys(packageJson.dependencies).filter((name) => !all.some((id) => id.includes(`/${name}/`)));
    expect(missing).toEqual([]);
    expect(all).toContain(join(root, "src/operator.ts"));
  });
});
