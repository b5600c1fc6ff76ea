// Tests that the manifests of config/prometheus, config/grafana, config/nodes and config/admission build, alone and as documented.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { alerts } from "../../tools/generate/alerts.ts";
import type { RulesFile } from "../../tools/generate/prometheus-rules.ts";
import { rendered } from "../chart/rendered.ts";
import { blocks } from "../documents.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

interface Built {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template?: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
    readonly endpoints?: readonly object[];
    readonly variables?: readonly object[];
  };
}

describe("the manifests beside the install", () => {
  let kubectl: string;
  let folder: string;
  beforeAll(async () => {
    ({ kubectl } = await ensureBinaries(["kubectl"]));
    folder = await mkdtemp(join(tmpdir(), "regcred-manifests-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const build = async (path: string): Promise<readonly Built[]> => {
    const { stdout } = await run(kubectl, ["kustomize", path]);
    return parseAllDocuments(stdout).map((document) => document.toJS() as Built);
  };
  const kinds = async (path: string): Promise<readonly string[]> =>
    (await build(join(root, path))).map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted();

  it.each([
    ["config/prometheus", ["PrometheusRule regcred", "ServiceMonitor regcred"]],
    ["config/prometheus/rules", ["PrometheusRule regcred"]],
    ["config/prometheus/pod-monitor", ["PodMonitor regcred"]],
    ["config/grafana", ["ConfigMap regcred-dashboard"]],
    ["config/nodes", ["ClusterRole regcred-node-audiences", "ClusterRoleBinding regcred-node-audiences"]],
    ["config/nodes/install", ["DaemonSet regcred-node", "Namespace regcred-nodes"]],
    [
      "config/admission/pods",
      [
        "MutatingAdmissionPolicy regcred-pods",
        "MutatingAdmissionPolicy regcred-pods-accounts",
        "MutatingAdmissionPolicyBinding regcred-pods",
        "MutatingAdmissionPolicyBinding regcred-pods-accounts",
      ],
    ],
  ])("%s builds", async (path, wanted) => {
    expect(await kinds(path)).toEqual(wanted);
  });

  it("config/prometheus/secure turns on what it promises", async () => {
    // Kustomize takes what is below or beside, through relative paths only.
    await mkdir(join(folder, "mine"));
    await symlink(join(root, "config"), join(folder, "config"));
    await writeFile(
      join(folder, "mine", "kustomization.yaml"),
      stringify({
        resources: ["../config/default", "../config/prometheus"],
        components: ["../config/prometheus/secure"],
      }),
    );
    const built = await build(join(folder, "mine"));
    const named = (kind: string): Built | undefined =>
      built.find((object) => object.kind === kind && object.metadata.name === "regcred");
    expect(named("Deployment")?.spec.template?.spec.containers[0]?.args).toContain("--metrics-access=token");
    expect(named("ServiceMonitor")?.spec.endpoints).toEqual([
      expect.objectContaining({
        port: "metrics",
        scheme: "https",
        bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      }),
    ]);
    expect(built.map(({ metadata: { name } }) => name)).toContain("regcred-metrics-access");
  });

  it("config/admission/labels takes labels and groups by the patch that it shows", async () => {
    const shown = await readFile(join(root, "config/admission/labels/kustomization.yaml"), "utf8");
    const patches = shown.split("\n").filter((line) => line.startsWith("#   "));
    await mkdir(join(folder, "labels"));
    await symlink(join(root, "config"), join(folder, "labels", "config"));
    await mkdir(join(folder, "labels", "mine"));
    await writeFile(
      join(folder, "labels", "mine", "kustomization.yaml"),
      ["resources: [../config/admission/labels]", ...patches.map((line) => line.slice(4))].join("\n"),
    );
    const [policy] = (await build(join(folder, "labels", "mine"))).filter(
      ({ kind }) => kind === "ValidatingAdmissionPolicy",
    );
    expect(policy?.spec.variables?.slice(0, 2)).toEqual([
      { name: "labels", expression: "['acme.io/tenant', 'acme.io/tier']" },
      { name: "groups", expression: "['acme:platform']" },
    ]);
  });

  const runbooks = (rule: unknown): readonly object[] =>
    (rule as { spec: RulesFile }).spec.groups.flatMap(({ rules }) =>
      rules.map(({ annotations: { summary: _summary, description: _description, ...rest } }) => rest),
    );
  const address = "https://docs.acme.example/runbook.md";

  it("the alerts link to the runbook as docs/operations.md tells, and claim no address before", async () => {
    const [, render = ""] =
      blocks
        .find(({ path, text }) => path === "docs/operations.md" && text.includes("runbook_url"))
        ?.text.match(/^(kubectl kustomize .*) \| kubectl apply -f -$/m) ?? [];
    expect(render).toContain(address);
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", `kubectl() { ${kubectl} "$@"; }; ${render}`], {
      cwd: root,
    });
    const rule = parseAllDocuments(stdout)
      .map((document) => document.toJS() as Built)
      .find(({ kind }) => kind === "PrometheusRule");
    expect(runbooks(rule)).toEqual(alerts().map(({ name }) => ({ runbook_url: `${address}#${name.toLowerCase()}` })));
    const [plain] = await build(join(root, "config/prometheus/rules"));
    expect(runbooks(plain)).toEqual(alerts().map(({ name }) => ({ runbook: `docs/runbook.md#${name.toLowerCase()}` })));
  });

  it("the chart has the same alerts, and its value sets the address", async () => {
    const ruleOf = async (values: object): Promise<unknown> =>
      (await rendered({ values: { alerts: values } })).find(({ kind }) => kind === "PrometheusRule");
    expect(await ruleOf({ enabled: false })).toBeUndefined();
    const [wanted] = await build(join(root, "config/prometheus/rules"));
    expect(await ruleOf({ enabled: true })).toEqual(wanted);
    expect(runbooks(await ruleOf({ enabled: true, runbookURL: address }))).toEqual(
      alerts().map(({ name }) => ({ runbook_url: `${address}#${name.toLowerCase()}` })),
    );
  });

  const verbs = new Set(
    blocks
      .filter(({ path, language }) => path === "docs/runbook.md" && language === "sh")
      .flatMap(({ text }) => [...text.matchAll(/^kubectl ((?:rollout |auth )?[\w-]+)/gm)].map(([, verb = ""]) => verb)),
  );
  it.each([...verbs])("kubectl knows the runbook's `%s`", async (verb) => {
    const { stdout } = await run(kubectl, [...verb.split(" "), "--help"]);
    expect(stdout).toContain(`kubectl ${verb}`);
  });
});
