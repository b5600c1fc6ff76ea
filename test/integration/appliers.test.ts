// Tests that Helm, kubectl, Argo CD and Flux can go on applying what they own, and what they remove by that is put back, once.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { helm } from "../chart/helm.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

const host = "registry.example.com";
const account = "app";

/** What the owner's manifests say: the list of the ServiceAccount, which may be absent, and a version, so that there is a change. */
interface Version {
  readonly references?: readonly string[];
}

/** Applies a version of the manifests in a namespace, as the tool does it; rejects where the API server refuses. */
interface Tool {
  readonly apply: (namespace: string, version: Version) => Promise<unknown>;
  /** Back to the first version; where the tool has no word for it, that version is applied. */
  readonly rollback?: (namespace: string) => Promise<unknown>;
}

const listed = (names: readonly string[]): readonly object[] => names.map((name) => ({ name }));

describe("a ServiceAccount that is applied", () => {
  let world: TestEnv;
  let running: RunningOperator;
  let folder: string;

  const environment = (): Record<string, string> => ({ KUBECONFIG: world.cluster.kubeconfig });
  const helmOf = (...flags: readonly string[]): Tool => ({
    apply: async (namespace, { references }) => {
      const values = join(folder, `${namespace}.json`);
      await writeFile(values, JSON.stringify({ account: references ? { imagePullSecrets: listed(references) } : {} }));
      await helm(["upgrade", "--install", account, folder, "-n", namespace, "-f", values, ...flags], environment());
    },
    rollback: (namespace) => helm(["rollback", account, "1", "-n", namespace], environment()),
  });
  const kubectlOf = (...ways: readonly (readonly string[])[]): Tool => ({
    apply: async (namespace, { references }) => {
      const manifest = {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: account, namespace, labels: { "app.kubernetes.io/name": account } },
        ...(references && { imagePullSecrets: listed(references) }),
      };
      for (const way of ways)
        await kubectl(["apply", "--filename=-", ...way], { cluster: world.cluster, input: JSON.stringify(manifest) });
    },
  });
  /** https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#server-side-apply, and Flux's ssa.ResourceManager */
  const forced = (manager: string): readonly string[] => [
    "--server-side",
    `--field-manager=${manager}`,
    "--force-conflicts",
  ];
  const tools: Readonly<Record<string, () => Tool>> = {
    "helm-4": () => helmOf("--server-side=true"),
    "helm-client-side": () => helmOf("--server-side=false"),
    kubectl: () => kubectlOf(["--server-side"]),
    "kubectl-client-side": () => kubectlOf([]),
    argocd: () => kubectlOf(forced("argocd-controller")),
    "argocd-client-side": () => kubectlOf(["--field-manager=argocd-controller"]),
    flux: () => kubectlOf([...forced("kustomize-controller"), "--dry-run=server"], forced("kustomize-controller")),
  };

  const stored = (namespace: string): Promise<KubeObject | undefined> =>
    world.admin.get(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}`);
  const has = (namespace: string, wanted: readonly string[]): Promise<void> =>
    eventually(
      `${namespace} refers to ${wanted.join()}`,
      async () => (await world.references(namespace, account)).join() === wanted.join(),
    );
  const writesIn = (namespace: string): number =>
    running.log.filter(
      ({ message, fields }) =>
        message === "references written" && fields["namespace"] === namespace && fields["serviceAccount"] === account,
    ).length;
  const managers = async (namespace: string): Promise<readonly string[]> => {
    const fields = (await stored(namespace))?.metadata as { managedFields?: { manager: string }[] } | undefined;
    return fields?.managedFields?.map(({ manager }) => manager) ?? [];
  };

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames: ["regcred", "merge"], allowTakeover: true } });
    folder = await mkdtemp(join(tmpdir(), "regcred-appliers-"));
    await mkdir(join(folder, "templates"));
    await writeFile(join(folder, "Chart.yaml"), "apiVersion: v2\nname: app\nversion: 0.1.0\n");
    const template = [
      "{{- with .Values.account }}",
      "apiVersion: v1",
      "kind: ServiceAccount",
      "metadata:",
      `  name: ${account}`,
      '{{- if hasKey . "imagePullSecrets" }}',
      "imagePullSecrets: {{ .imagePullSecrets | toJson }}",
      "{{- end }}",
      "{{- else }}",
      "apiVersion: v1",
      "kind: ServiceAccount",
      "metadata:",
      `  name: ${account}`,
      "{{- end }}",
      "{{- with .Values.config }}",
      "---",
      "apiVersion: v1",
      "kind: Secret",
      "metadata:",
      "  name: merge",
      "type: kubernetes.io/dockerconfigjson",
      "stringData:",
      "  .dockerconfigjson: {{ . | quote }}",
      "{{- end }}",
      "",
    ];
    await writeFile(join(folder, "templates", "all.yaml"), template.join("\n"));
    running = await world.startOperator();
    await world.source("hub", { username: "ann", password: "first" });
    await world.credential("acme", staticSpec("hub", { hosts: [host], namespaces: { include: ["chart-*"] } }));
  });
  afterAll(async () => {
    await world?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it.concurrent.each(
    Object.keys(tools).flatMap((tool) =>
      (
        [
          ["empty", []],
          ["theirs", ["theirs"]],
        ] as const
      ).map(([title, references]) => ({ tool, title, references })),
    ),
  )(
    "by $tool, with a list that is $title, is upgraded and rolled back, and refers to the pull Secret",
    async (each) => {
      const { title, references } = each;
      const { apply, rollback } = tools[each.tool]?.() ?? {};
      const namespace = `chart-${each.tool}-${title}`;
      await world.namespaces([namespace]);
      await apply?.(namespace, { references });
      await has(namespace, [...references, "regcred"]);
      // The first write is in the log once its fields are given up, too.
      await world.atRest();
      const before = writesIn(namespace);

      await apply?.(namespace, { references });
      await has(namespace, [...references, "regcred"]);
      await apply?.(namespace, { references: ["other"] });
      await has(namespace, ["other", "regcred"]);
      await (rollback ?? ((of) => apply?.(of, { references })))(namespace);
      await has(namespace, [...references, "regcred"]);

      await world.atRest();
      // Once for each of the three, at the most.
      expect(writesIn(namespace) - before).toBeLessThanOrEqual(3);
      expect(await managers(namespace)).not.toContain("regcred");
    },
  );

  it.each(["helm-4", "kubectl"])(
    "by %s loses the list with the manifest that has none, and gets one from the next",
    async (tool) => {
      const { apply } = tools[tool]?.() ?? {};
      const namespace = `chart-${tool}-none`;
      await world.namespaces([namespace]);
      await apply?.(namespace, {});
      await has(namespace, ["regcred"]);
      await apply?.(namespace, { references: ["theirs"] });
      await has(namespace, ["theirs", "regcred"]);
      await apply?.(namespace, {});
      await has(namespace, ["regcred"]);
      await expect.poll(() => managers(namespace), soon).not.toContain("regcred");
    },
  );

  it("goes from Helm's client-side to its server-side apply", async () => {
    const namespace = "chart-migrated";
    await world.namespaces([namespace]);
    await helmOf("--server-side=false").apply(namespace, { references: [] });
    await has(namespace, ["regcred"]);
    await helmOf("--server-side=true").apply(namespace, { references: ["theirs"] });
    await has(namespace, ["theirs", "regcred"]);
    await expect.poll(() => managers(namespace), soon).not.toContain("regcred");
  });

  it("that names the pull Secret itself is not touched", async () => {
    const namespace = "chart-names-it";
    const { apply } = helmOf("--server-side=true");
    await world.namespaces([namespace]);
    await apply(namespace, { references: ["regcred"] });
    await apply(namespace, { references: ["regcred"] });
    await world.atRest();
    expect(writesIn(namespace)).toBe(0);
  });

  it("of a chart is given up when regcred leaves, too", async () => {
    const namespace = "gone-chart";
    await world.credential("gone", staticSpec("hub", { namespaces: { include: [namespace] } }));
    await world.namespaces([namespace]);
    const { apply } = helmOf("--server-side=true");
    await apply(namespace, { references: ["theirs"] });
    await has(namespace, ["theirs", "regcred"]);
    await world.deleteCredential("gone");
    expect(await world.references(namespace, account)).toEqual(["theirs"]);
    await apply(namespace, { references: [] });
    expect(await world.references(namespace, account)).toEqual([]);
  });

  describe("with a Secret of the chart, into which regcred merges", () => {
    const install = (namespace: string, password: string, ...flags: string[]): Promise<unknown> => {
      const auths = { "own.example.com": { username: "own", password } };
      return helm(
        [
          "upgrade",
          "--install",
          account,
          folder,
          "-n",
          namespace,
          "--set-json",
          `config=${JSON.stringify(JSON.stringify({ auths }))}`,
          ...flags,
        ],
        environment(),
      );
    };
    const passwords = async (namespace: string): Promise<readonly (string | undefined)[]> => {
      const logins = await world.logins(namespace, "merge");
      return [host, "own.example.com"].map((each) => logins?.[each]?.password);
    };
    const holds = (namespace: string, own: string, login = "first"): Promise<void> =>
      eventually(`${namespace} holds both`, async () => (await passwords(namespace)).join() === `${login},${own}`);

    it.each(["true", "false"])("is upgraded and rolled back, with server-side %s", async (isServerSide) => {
      const namespace = `merge-${isServerSide}`;
      const source = `source-${isServerSide}`;
      await world.source(source, { username: "ann", password: "first" });
      await world.namespaces([namespace]);
      await install(namespace, "one", `--server-side=${isServerSide}`);
      await world.credential(
        namespace,
        staticSpec(source, {
          namespaces: { include: [namespace] },
          pullSecret: { name: "merge", onConflict: "Merge" },
        }),
      );
      await holds(namespace, "one");
      await install(namespace, "two", `--server-side=${isServerSide}`);
      await holds(namespace, "two");
      await world.source(source, { username: "ann", password: "second" });
      await holds(namespace, "two", "second");
      await helm(["rollback", account, "1", "-n", namespace], environment());
      await holds(namespace, "one", "second");
      await world.deleteCredential(namespace);
      expect(await passwords(namespace)).toEqual([undefined, "one"]);
      await install(namespace, "three", `--server-side=${isServerSide}`);
      expect(await passwords(namespace)).toEqual([undefined, "three"]);
    });
  });
});
