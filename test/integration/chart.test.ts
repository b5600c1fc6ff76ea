// Tests that chart and kustomize are the same install, and that a real API server accepts it in each mode that docs/install.md shows.
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chartFolder, helm } from "../chart/helm.ts";
import { type Finding, kubeScore } from "../chart/kube-score.ts";
import { installMonitoringKinds } from "../chart/prometheus-operator.ts";
import { kustomizeFiles } from "../chart/kustomize-files.ts";
import { objectsIn, rendered, renderedText } from "../chart/rendered.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { endpointSettings } from "../../src/config/endpoint-settings.ts";
import { variantOf } from "../cluster/variant.ts";
import { blocks, examples as documentExamples } from "../documents.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv } from "./test-env.ts";

const root = join(import.meta.dirname, "..", "..");
const config = join(root, "config");

interface ValuesExample {
  readonly title: string;
  readonly values: object;
}

/** The values that an Application of Argo CD and a HelmRelease of Flux hold there. */
interface Delivered {
  readonly source?: { readonly helm: { readonly valuesObject: object } };
  readonly values?: object;
}
const delivered: readonly ValuesExample[] = documentExamples
  .filter(
    ({ path, object: { kind } }) => path === "docs/install.md" && ["Application", "HelmRelease"].includes(kind ?? ""),
  )
  .map(({ object: { kind = "", spec } }) => {
    const { source, values } = spec as Delivered;
    return { title: `the ${kind}`, values: asRendered(source?.helm.valuesObject ?? values ?? {}) };
  });

/** Nothing here asks the cluster for its kinds. */
function asRendered(values: object): object {
  const monitored = ["serviceMonitor", "prometheusRule"];
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      monitored.includes(name) ? { ...(value as object), renderMode: "alwaysRender" } : value,
    ]),
  );
}

/** Blocks of docs/install.md that begin with "# values.yaml: TITLE". An API server without a kind refuses the one that needs it. */
const examples: readonly ValuesExample[] = blocks
  .filter(({ path, text }) => path === "docs/install.md" && text.startsWith("# values.yaml: "))
  .map(({ text }) => ({ title: /^# values.yaml: (.*)/.exec(text)?.[1] ?? "", values: parse(text) as object }))
  .filter(({ values }) => variantOf(process.env).servesMutatingPolicies || !("podAdmission" in values));

const keyed = (objects: readonly KubeObject[]): Readonly<Record<string, KubeObject>> =>
  Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`, object]),
  );

/** Findings of kube-score that stay, each with its reason. */
const explained: Readonly<Record<string, string>> = {
  "container-image-pull-policy":
    "the image is named by a version or a digest, and a node that has it needs no registry",
  "pod-networkpolicy":
    "registries, clouds and the API server have other addresses in every cluster; networkPolicy.egress",
  "container-resources": "a limit of CPU would only slow a rotation down; requests and the limit of memory are there",
  "deployment-has-host-podantiaffinity": "topologySpreadConstraints spread over nodes and zones",
};

describe("the chart", () => {
  it("passes helm lint", async () => {
    expect(await helm(["lint", "--strict", chartFolder])).toContain("0 chart(s) failed");
  });

  const typos = [
    { pullSecretName: "regcred" },
    { image: { registry: "registry.example.com" } },
    { image: { digest: "0.1.0" } },
    { podRecovery: { enable: true } },
    { pullSecretNames: [] },
    { pullSecretNames: "regcred" },
    { watchNamespaces: ["team-*"] },
    { pullSecretLabels: ["*"] },
    { pullSecretAnnotations: ["acme.io/a'b"] },
    { allowedHosts: ["a,b"] },
    { endpoints: { ECR: "https://vpce.example" } },
    { endpoints: { ecr: "vpce.example" } },
    { endpoints: { entra: "a=https://login.example" } },
    { tokenAudiences: ["a'b"] },
    { labelGuard: { labels: ["acme.io/*"] } },
    { labelGuard: { groups: ["a'b"] } },
    { runAsUser: 0 },
    { logLevel: "verbose" },
  ];
  it.each(typos)("refuses the values %j", async (values) => {
    await expect(renderedText({ values })).rejects.toThrow(/values don't meet the specifications of the schema/);
  });

  it("leads the clouds' calls by each of the operator's flags for that", async () => {
    const { properties } = JSON.parse(await readFile(join(chartFolder, "values.schema.json"), "utf8")) as {
      readonly properties: { readonly endpoints: { readonly properties: object } };
    };
    const names = Object.keys(properties.endpoints.properties);
    const endpoints = Object.fromEntries(names.map((name) => [name, `https://${name.toLowerCase()}.example`]));
    const text = await renderedText({ values: { endpoints } });
    const flags = [...text.matchAll(/- (--[a-z-]+-endpoint)=https:\S+\.example$/gm)].map(([, flag = ""]) => flag);
    expect(flags.toSorted()).toEqual(
      Object.values(endpointSettings)
        .map(({ flag }) => flag)
        .toSorted(),
    );
  });

  it("is the source of config/rbac, config/manager, config/restraint and config/admission (npm run manifests)", async () => {
    const files = await kustomizeFiles();
    for (const { path, text } of files) expect(await readFile(join(root, path), "utf8")).toBe(text);
    const present = globSync("{rbac,manager,restraint,admission/*}/*.yaml", { cwd: config })
      .filter((path) => !path.endsWith("kustomization.yaml"))
      .map((path) => `config/${path}`);
    expect(present.toSorted()).toEqual(files.map(({ path }) => path).toSorted());
  });

  it("renders with its defaults what kubectl makes of config/default and crds/", async () => {
    const kustomized = objectsIn(await kubectl(["kustomize", join(config, "default")]));
    const [definition] = objectsIn(await readFile(join(root, "crds", "regcred.dev_registrycredentials.yaml"), "utf8"));
    // helm makes the Namespace itself (--create-namespace).
    const wanted = [...kustomized.filter(({ kind }) => kind !== "Namespace"), ...(definition ? [definition] : [])];
    const objects = (await rendered()).map((object) => {
      if (object.kind !== "CustomResourceDefinition") return object;
      const { "helm.sh/resource-policy": policy, ...annotations } = object.metadata.annotations ?? {};
      expect(policy).toBe("keep");
      return { ...object, metadata: { ...object.metadata, annotations } };
    });
    expect(keyed(objects)).toEqual(keyed(wanted));
  });

  it("has no finding of kube-score that is not explained", async () => {
    const findings = await kubeScore(await renderedText({ values: { crds: { install: false } }, hooks: true }));
    expect(findings.filter(({ check }: Finding) => explained[check] === undefined)).toEqual([]);
    // An explanation that nothing needs would hide the next finding of its kind.
    expect([...new Set(findings.map(({ check }) => check))].toSorted()).toEqual(Object.keys(explained).toSorted());
  });
});

describe("on a real cluster", () => {
  let world: TestEnv;
  let agent: Agent;

  const applied = (input: string, ...args: string[]): Promise<string> =>
    kubectl(["apply", "--server-side", "--validate=strict", "--filename=-", ...args], {
      cluster: world.cluster,
      input,
    });

  /** Asks for a pod of a template, without making it. */
  const admitted = async (template: unknown): Promise<{ readonly status: number; readonly message?: string }> => {
    const { metadata, spec } = template as { metadata: object; spec: object };
    const answer = await request(`${world.cluster.server}/api/v1/namespaces/${operatorNamespace}/pods?dryRun=All`, {
      method: "POST",
      dispatcher: agent,
      headers: { authorization: `Bearer ${world.cluster.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ metadata: { ...metadata, name: "probe" }, spec }),
    });
    const { message } = (await answer.body.json()) as { message?: string };
    return { status: answer.statusCode, ...(answer.statusCode >= 300 && message !== undefined && { message }) };
  };
  const templatesIn = (objects: readonly KubeObject[]): readonly unknown[] =>
    objects.flatMap(({ kind, metadata: { labels }, spec }) => {
      if (kind === "Pod") return [{ metadata: { labels }, spec }];
      return kind === "Deployment" || kind === "Job" ? [(spec as { template: unknown }).template] : [];
    });

  beforeAll(async () => {
    world = await testEnv();
    agent = new Agent({ connect: { ca: world.cluster.ca } });
    await kubectl(["apply", "--validate=strict", "--kustomize", join(config, "default")], { cluster: world.cluster });
    await installMonitoringKinds(world.cluster);
    await world.namespaces(["team-a", "team-b", "login-sources"]);
  }, 300_000);
  afterAll(async () => {
    await agent?.close();
    await world?.close();
  });

  it("has an Application and a HelmRelease to paste", () => {
    expect(delivered.map(({ title }) => title)).toEqual(["the Application", "the HelmRelease"]);
  });

  it.each([{ title: "the defaults", values: {} }, ...examples, ...delivered])(
    "strict validation takes what the chart makes of $title",
    async ({ values }) => {
      // The Pod of helm test has the ServiceAccount that is made beside it, and a dry run makes none: see the next test.
      const items = (await rendered({ values, hooks: true })).filter(({ kind }) => kind !== "Pod");
      const text = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      expect(await applied(text, "--dry-run=server", "--force-conflicts")).toContain("deployment.apps/");
    },
  );

  it("Pod Security restricted admits the pods of every mode", async () => {
    for (const { values } of [{ values: {} }, ...examples]) {
      for (const template of templatesIn(await rendered({ values, hooks: true }))) {
        // The ServiceAccounts of the hooks are made by the hooks.
        const { metadata, spec } = template as { metadata: object; spec: object };
        expect(await admitted({ metadata, spec: { ...spec, serviceAccountName: "regcred" } })).toEqual({ status: 201 });
      }
    }
  });

  it("Pod Security restricted would refuse them with one right more", async () => {
    const [template] = templatesIn(await rendered());
    const { spec } = template as { spec: { containers: object[] } };
    const containers = spec.containers.map((container) => ({ ...container, securityContext: {} }));
    expect(await admitted({ metadata: {}, spec: { ...spec, containers } })).toMatchObject({ status: 403 });
  });

  it("the command of docs/install.md adds the health check to the ConfigMap of Argo CD", async () => {
    await kubectl(["create", "namespace", "argocd"], { cluster: world.cluster });
    await kubectl(["create", "configmap", "argocd-cm", "-n", "argocd", "--from-literal=url=kept"], {
      cluster: world.cluster,
    });
    const key = "resource.customizations.health.regcred.dev_RegistryCredential";
    const file = join(config, "argocd", "health.lua");
    const input = await kubectl(
      [
        "create",
        "configmap",
        "argocd-cm",
        "-n",
        "argocd",
        `--from-file=${key}=${file}`,
        "--dry-run=client",
        "-o",
        "yaml",
      ],
      { cluster: world.cluster },
    );
    await applied(input, "--field-manager=regcred");
    const changed = await world.admin.get("/api/v1/namespaces/argocd/configmaps/argocd-cm");
    expect(changed?.["data"]).toEqual({ url: "kept", [key]: await readFile(file, "utf8") });
  });

  describe("with the PriorityClass", () => {
    const pod = { priorityClassName: "regcred", containers: [{ name: "app", image: "registry.example.com/app:1" }] };
    const made = (namespace: string, spec: object): Promise<KubeObject> =>
      world.admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, { metadata: { name: "probe" }, spec });

    it("no tenant's pod pushes others off their nodes", async () => {
      await expect(made("team-a", pod)).rejects.toThrow(/ValidatingAdmissionPolicy 'regcred-priority'/);
      expect((await made("team-a", { containers: pod.containers })).spec).toMatchObject({ priority: 0 });
    });

    it("the operator's pods come before those of tenants", async () => {
      const securityContext = {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      };
      const containers = pod.containers.map((container) => ({ ...container, securityContext }));
      expect((await made(operatorNamespace, { ...pod, containers })).spec).toMatchObject({ priority: 100_000_000 });
    });
  });

  it("helm uninstall leaves the kind and the RegistryCredentials, and no right of a drain that has failed", async () => {
    await kubectl(["delete", "--kustomize", join(config, "default"), "--wait=false"], { cluster: world.cluster });
    await kubectl(["delete", "crd", "registrycredentials.regcred.dev"], { cluster: world.cluster });
    const release = [`--namespace=helm-system`, `--kubeconfig=${world.cluster.kubeconfig}`];
    await helm(["install", "regcred", chartFolder, "--create-namespace", ...release]);
    await eventually(
      "the kind is served",
      async () => (await world.credential("kept", kept).catch(() => undefined)) !== undefined,
    );
    // Nothing runs the Job here, so it does not end in time.
    await expect(helm(["uninstall", "regcred", "--timeout=2s", ...release])).rejects.toThrow(/./);
    expect(await world.admin.get("/apis/batch/v1/namespaces/helm-system/jobs/regcred-drain")).toBeDefined();
    for (const path of drainRights) expect(await world.admin.get(path)).toBeUndefined();
    await helm(["uninstall", "regcred", "--no-hooks", ...release]);
    expect(await world.admin.get("/apis/apps/v1/namespaces/helm-system/deployments/regcred")).toBeUndefined();
    expect((await kubectl(["get", "regcred", "--output=name"], { cluster: world.cluster })).trim()).toBe(
      "registrycredential.regcred.dev/kept",
    );
  });
});

const drainRights = [
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/regcred-drain",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles/regcred-drain",
  "/api/v1/namespaces/helm-system/serviceaccounts/regcred-drain",
];
const kept = {
  registries: [{ name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } }],
  namespaces: { include: ["nobody"] },
};
