// What do the chart's values for names, monitoring and pods make, and what does a real API server with the kinds of Prometheus' operator say of it?
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chartFolder, helm } from "../chart/helm.ts";
import { installMonitoringKinds } from "../chart/prometheus-operator.ts";
import { objectsIn, rendered } from "../chart/rendered.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { ask } from "./ask.ts";
import { eventually, operatorNamespace, soon, type TestEnv, testEnv } from "./test-env.ts";

const root = join(import.meta.dirname, "..", "..");

interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env?: readonly { readonly name: string }[];
    readonly volumeMounts?: readonly { readonly mountPath: string }[];
  }[];
  readonly volumes?: readonly { readonly name: string }[];
  readonly hostAliases?: unknown;
  readonly dnsPolicy?: string;
  readonly dnsConfig?: unknown;
}

function podOf(object: KubeObject | undefined): PodSpec {
  if (object === undefined) throw new Error("it is not there");
  const { spec } = object;
  return (object.kind === "Pod" ? spec : (spec as { template: { spec: unknown } }).template.spec) as PodSpec;
}
const find = (objects: readonly KubeObject[], kind: string, name?: string): KubeObject | undefined =>
  objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));

const always = { enabled: true, renderMode: "alwaysRender" };
/** Every value of this file, none as by default. */
const everything = {
  nameOverride: "img",
  fullnameOverride: "images",
  commonLabels: { "acme.io/team": "platform", tier: "one" },
  serviceAccount: { name: "puller", labels: { tier: "two" }, annotations: { "acme.io/role": "r" } },
  podLabels: { tier: "three" },
  extraEnv: [{ name: "NODE_OPTIONS", value: "--trace-warnings" }],
  extraVolumes: [{ name: "scratch", emptyDir: {} }],
  extraVolumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
  hostAliases: [{ ip: "10.0.0.1", hostnames: ["registry.corp.example"] }],
  dnsPolicy: "None",
  dnsConfig: { nameservers: ["10.0.0.2"] },
  metrics: {
    secure: { enabled: true, secretName: "metrics-tls", readers: [{ name: "prometheus", namespace: "monitoring" }] },
  },
  serviceMonitor: {
    ...always,
    labels: { release: "prometheus" },
    annotations: { "acme.io/note": "n" },
    interval: "15s",
    scrapeTimeout: "10s",
    honorLabels: true,
    relabelings: [{ action: "replace", targetLabel: "cluster", replacement: "one" }],
    metricRelabelings: [{ action: "labeldrop", regex: "pod" }],
  },
  podMonitor: { ...always, authorization: { credentials: { name: "token", key: "token" } } },
  prometheusRule: { ...always, labels: { release: "prometheus" }, runbookURL: "https://docs.acme.example/runbook.md" },
  grafanaDashboard: { enabled: true, annotations: { grafana_folder: "registries" } },
};

describe("what the values make", () => {
  let objects: readonly KubeObject[];
  beforeAll(async () => {
    objects = await rendered({ values: { ...everything, crds: { keep: false } }, hooks: true });
  });

  it("everything has the common labels, and what has labels of its own has these first", () => {
    const labels = objects.map(({ metadata }) => metadata.labels ?? {});
    expect(labels.filter((each) => each["acme.io/team"] !== "platform")).toEqual([]);
    expect(labels.filter((each) => each["app.kubernetes.io/part-of"] !== "regcred")).toEqual([]);
    expect(find(objects, "ServiceAccount", "puller")?.metadata.labels).toMatchObject({ tier: "two" });
    const template = find(objects, "Deployment")?.spec as { template: KubeObject };
    expect(template.template.metadata.labels).toMatchObject({ tier: "three", "acme.io/team": "platform" });
  });

  it("no name is left of the default ones but those by which installs find each other", () => {
    // The kind, the class of pods, and what one value names.
    const fixed = ["registrycredentials.regcred.dev", "regcred"];
    const names = objects.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => !/^images(?:-|$)/.test(name) && name !== "puller")).toEqual(
      names.filter((name) => fixed.includes(name)),
    );
    expect(objects.filter(({ metadata }) => metadata.name === "regcred").map(({ kind }) => kind)).toEqual([
      "PriorityClass",
    ]);
  });

  it("rights and restraint are for the ServiceAccount that the pods have, and it gets no token of its own", () => {
    const user = `system:serviceaccount:${operatorNamespace}:puller`;
    const policies = objects.filter(
      ({ kind, spec }) => kind === "ValidatingAdmissionPolicy" && JSON.stringify(spec).includes("the-operator"),
    );
    expect(policies.length).toBeGreaterThan(6);
    expect(policies.filter(({ spec }) => !JSON.stringify(spec).includes(`'${user}'`))).toEqual([]);
    expect(JSON.stringify(find(objects, "ValidatingAdmissionPolicy", "images-token-requests")?.spec)).toContain(
      "request.name == 'puller'",
    );
    const subjects = objects
      .filter(
        ({ kind, metadata }) => kind?.endsWith("RoleBinding") && !/-(drain|test|metrics-reader)$/.test(metadata.name),
      )
      .flatMap((object) => (object as unknown as { subjects: { name: string }[] }).subjects);
    expect(new Set(subjects.map(({ name }) => name))).toEqual(new Set(["puller"]));
    expect(podOf(find(objects, "Deployment"))).toMatchObject({ serviceAccountName: "puller" });
  });

  it("every Service, budget and monitor selects the pods by the label that they have", () => {
    const text = JSON.stringify(objects);
    expect(text).not.toContain('"app.kubernetes.io/name":"regcred"');
    expect(text.match(/"app\.kubernetes\.io\/name":"img"/g)?.length).toBeGreaterThan(8);
  });

  it.each(["Deployment", "Job", "Pod"])(
    "variables, volumes and names of hosts come into the pods of the %s",
    (kind) => {
      const pod = podOf(find(objects, kind));
      expect(pod.containers[0]?.env?.map(({ name }) => name)).toContain("NODE_OPTIONS");
      expect(pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain("/scratch");
      expect(pod.volumes?.map(({ name }) => name)).toContain("scratch");
      expect(pod).toMatchObject({
        hostAliases: everything.hostAliases,
        dnsPolicy: everything.dnsPolicy,
        dnsConfig: everything.dnsConfig,
      });
    },
  );

  it("metrics over https are served with the mounted certificate, and read by whom it names", () => {
    const pod = podOf(find(objects, "Deployment"));
    const folder = "/etc/regcred/metrics-certificate";
    expect(pod.containers[0]?.args).toEqual(
      expect.arrayContaining(["--metrics-access=token", `--metrics-certificate=${folder}`, "--service-account=puller"]),
    );
    expect(pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain(folder);
    expect(JSON.stringify(pod.volumes)).toContain('"secretName":"metrics-tls"');
    expect(find(objects, "ClusterRoleBinding", "images-metrics-reader")).toMatchObject({
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: "monitoring" }],
    });
    expect(find(objects, "ServiceMonitor")?.spec).toMatchObject({
      endpoints: [
        {
          scheme: "https",
          tlsConfig: {
            serverName: `images-metrics.${operatorNamespace}.svc`,
            ca: { secret: { name: "metrics-tls", key: "ca.crt" } },
          },
        },
      ],
    });
  });

  it("without a certificate a self-made one serves, which no monitor checks, with the rights of config/prometheus/secure", async () => {
    const made = await rendered({ values: { metrics: { secure: { enabled: true } }, serviceMonitor: always } });
    expect(podOf(find(made, "Deployment")).containers[0]?.args.filter((each) => each.includes("metrics-c"))).toEqual(
      [],
    );
    expect(find(made, "ServiceMonitor")?.spec).toMatchObject({
      endpoints: [{ bearerTokenFile: expect.stringContaining("token"), tlsConfig: { insecureSkipVerify: true } }],
    });
    const access = objectsIn(await readFile(join(root, "config/prometheus/secure/access.yaml"), "utf8"));
    for (const object of access) expect(find(made, object.kind ?? "", object.metadata.name)).toEqual(object);
  });

  it("the monitors and the dashboard are those of config/prometheus and config/grafana, unless a value says otherwise", async () => {
    const made = await rendered({
      values: { serviceMonitor: always, podMonitor: always, grafanaDashboard: { enabled: true } },
    });
    for (const [folder, kind] of [
      ["config/prometheus/service-monitor", "ServiceMonitor"],
      ["config/prometheus/pod-monitor", "PodMonitor"],
      ["config/grafana", "ConfigMap"],
    ] as const) {
      const [wanted] = objectsIn(await kubectl(["kustomize", join(root, folder)]));
      expect(wanted).toBeDefined();
      expect(find(made, kind)).toEqual(wanted);
    }
  });

  it("a monitor in another namespace looks into the release's", async () => {
    const made = await rendered({ values: { serviceMonitor: { ...always, namespace: "monitoring" } } });
    expect(find(made, "ServiceMonitor")).toMatchObject({
      metadata: { namespace: "monitoring" },
      spec: { namespaceSelector: { matchNames: [operatorNamespace] } },
    });
  });

  it("the former names of the alerts go on", async () => {
    const [former] = await rendered({
      values: { alerts: { enabled: true, runbookURL: "https://a.example/r.md" } },
    }).then((made) => made.filter(({ kind }) => kind === "PrometheusRule"));
    const now = await rendered({ values: { prometheusRule: { ...always, runbookURL: "https://a.example/r.md" } } });
    expect(former).toEqual(find(now, "PrometheusRule"));
  });

  it("the definition is deleted with the release only where the values say so", async () => {
    const policy = (made: readonly KubeObject[]): string | undefined =>
      find(made, "CustomResourceDefinition")?.metadata.annotations?.["helm.sh/resource-policy"];
    expect(policy(objects)).toBeUndefined();
    expect(policy(await rendered())).toBe("keep");
  });

  it.each([
    [{ serviceAccount: { create: false } }, /serviceAccount\.name must name the ServiceAccount/],
    [{ crds: { keep: false }, drain: { enabled: false } }, /would delete every RegistryCredential/],
    [
      { serviceMonitor: { enabled: true } },
      /serviceMonitor\.enabled needs the kind ServiceMonitor .* does not have it/,
    ],
    [{ podMonitor: { enabled: true } }, /podMonitor\.enabled needs the kind PodMonitor/],
    [{ prometheusRule: { enabled: true } }, /prometheusRule\.enabled needs the kind PrometheusRule/],
    [{ metrics: { secure: { enabled: true } }, podMonitor: always }, /Set podMonitor\.authorization/],
    [
      {
        metrics: { secure: { enabled: true, secretName: "a" } },
        serviceMonitor: { ...always, namespace: "elsewhere" },
      },
      /set serviceMonitor\.tlsConfig/,
    ],
    [{ serviceMonitor: { intervall: "30s" } }, /additional properties 'intervall' not allowed/],
    [{ serviceMonitor: { interval: "soon" } }, /serviceMonitor\/interval/],
    [{ serviceMonitor: { renderMode: "never" } }, /serviceMonitor\/renderMode/],
    [{ metrics: { secure: { readers: ["prometheus"] } } }, /readers\/0/],
    [{ commonLabels: { "app.kubernetes.io/name": "x" } }, /commonLabels/],
    [{ commonLabels: { "a b": "x" } }, /additional properties 'a b' not allowed/],
    [{ serviceAccount: { name: "default" } }, /serviceAccount\/name/],
    [{ fullnameOverride: "Images" }, /fullnameOverride/],
    [{ extraEnv: [{ nam: "A" }] }, /extraEnv\/0/],
    [{ extraVolumeMounts: [{ name: "a", mountPath: "relative" }] }, /mountPath/],
    [{ dnsConfig: { nameserver: [] } }, /additional properties 'nameserver' not allowed/],
    [{ crds: { keeps: true } }, /additional properties 'keeps' not allowed/],
  ])("refuses %j in a sentence that names it", async (values, sentence) => {
    await expect(rendered({ values })).rejects.toThrow(sentence);
  });
});

describe("in a cluster", () => {
  let world: TestEnv;
  const release = (...args: string[]): Promise<string> => helm([...args, `--kubeconfig=${world.cluster.kubeconfig}`]);
  const install = (name: string, namespace: string, ...args: string[]): Promise<string> =>
    release("install", name, chartFolder, `--namespace=${namespace}`, "--create-namespace", ...args);
  const typed = (command: string): Promise<string> => kubectl(command.split(" ").slice(1), { cluster: world.cluster });
  /** The checks of the doctor that found something. */
  const troubled = async (kubeconfig: string, ...args: string[]): Promise<readonly string[]> => {
    const { stdout } = await ask(kubeconfig, ["doctor", ...args]);
    return [...stdout.matchAll(/^(?:BAD {4}|unknown) ([^:]+): /gm)].map(([, check = ""]) => check);
  };
  const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";

  beforeAll(async () => {
    world = await testEnv();
  }, 300_000);
  afterAll(() => world?.close());

  it("a definition that somebody else has installed is theirs, until the commands that are told are typed", async () => {
    const said = await install("regcred", operatorNamespace).then(String, String);
    expect(said).toMatch(/already, installed by somebody else/);
    const commands = said.match(/^ {2}kubectl .+$/gm)?.map((line) => line.trim()) ?? [];
    expect(commands).toHaveLength(2);
    for (const command of commands) await typed(command);
    expect(await install("regcred", operatorNamespace)).toContain("STATUS: deployed");
  });

  it("a second release is told of the first, and stands beside it with names of its own", async () => {
    const said = await install("other", "elsewhere").then(String, String);
    expect(said).toMatch(/Another release of regcred, regcred in the namespace regcred-system/);
    const [, flags = ""] = /no definition: (--set .+)$/m.exec(said) ?? [];
    await expect(install("third", operatorNamespace, ...flags.split(" "))).rejects.toThrow(
      /has a release of regcred already/,
    );
    expect(await install("other", "elsewhere", ...flags.split(" "))).toContain("STATUS: deployed");
    // No pod of the Deployment runs here.
    await eventually(
      "all is there",
      async () => (await troubled(world.cluster.kubeconfig, "--namespace=elsewhere")).join() === "operator",
    );
  });

  it("the policies restrain the second one's own ServiceAccount, whatever rights it is given", async () => {
    await typed(
      "kubectl create clusterrolebinding too-much --clusterrole=cluster-admin --serviceaccount=elsewhere:regcred-2",
    );
    await expect(
      kubectl(["create", "configmap", "mine", "-n", "elsewhere", "--as=system:serviceaccount:elsewhere:regcred-2"], {
        cluster: world.cluster,
      }),
    ).rejects.toThrow(/regcred-2-nothing-else.*regcred restrains itself/s);
  });

  it("helm test asks the doctor with rights that are enough, and no more than to look", async () => {
    const hooks = (await rendered({ hooks: true })).filter(({ metadata }) => metadata.name === "regcred-test");
    expect(new Set(hooks.map(({ kind }) => kind))).toEqual(
      new Set(["ClusterRole", "ClusterRoleBinding", "Pod", "ServiceAccount"]),
    );
    const input = hooks.filter(({ kind }) => kind !== "Pod").map((object) => JSON.stringify(object));
    await kubectl(["apply", "--server-side", "--filename=-"], { cluster: world.cluster, input: input.join("\n---\n") });
    const token = await typed(`kubectl create token regcred-test -n ${operatorNamespace}`);
    const { cluster } = world;
    const kubeconfig = join(cluster.folder, "kubeconfig-test");
    await writeFile(kubeconfig, kubeconfigText(cluster.server, cluster.ca, "test", { token: token.trim() }), {
      mode: 0o600,
    });
    const [, ...args] = podOf(find(hooks, "Pod")).containers[0]?.args ?? [];
    expect(args).toContain("--install");
    await eventually(
      "nothing but its absence is found",
      async () => (await troubled(kubeconfig, ...args)).join() === "operator",
    );
  });

  it("without the kinds of Prometheus' operator the release says so, or leaves them out", async () => {
    const upgrade = (mode: string): Promise<string> =>
      release(
        "upgrade",
        "regcred",
        chartFolder,
        `--namespace=${operatorNamespace}`,
        "--set=serviceMonitor.enabled=true",
        `--set=serviceMonitor.renderMode=${mode}`,
      );
    await expect(upgrade("failIfMissing")).rejects.toThrow(/Install that operator first/);
    expect(await upgrade("skipIfMissing")).toContain("STATUS: deployed");
  });

  it("with them they take what the chart makes of all values, and refuse what is none", async () => {
    await installMonitoringKinds(world.cluster);
    await world.namespaces(["monitoring"]);
    const file = join(world.cluster.folder, "values.json");
    const detected = { renderMode: "failIfMissing" };
    const values = {
      ...everything,
      // Two releases have one kind and one class.
      crds: { install: false },
      priorityClass: { create: false, name: "" },
      serviceMonitor: { ...everything.serviceMonitor, ...detected },
      podMonitor: { ...everything.podMonitor, ...detected },
      prometheusRule: { ...everything.prometheusRule, ...detected },
    };
    await writeFile(file, JSON.stringify(values));
    expect(await install("all", "images", `--values=${file}`)).toContain("STATUS: deployed");
    const monitoring = "/apis/monitoring.coreos.com/v1/namespaces/images";
    const monitor = await world.admin.get(`${monitoring}/servicemonitors/images`);
    expect(monitor?.spec).toMatchObject({
      endpoints: [
        { interval: "15s", scrapeTimeout: "10s", honorLabels: true, relabelings: [{ targetLabel: "cluster" }] },
      ],
    });
    expect(await world.admin.get(`${monitoring}/podmonitors/images`)).toBeDefined();
    expect(await world.admin.get(`${monitoring}/prometheusrules/images`)).toBeDefined();
    expect(await world.admin.get("/api/v1/namespaces/images/configmaps/images-dashboard")).toBeDefined();
    await eventually(
      "the doctor finds nothing else",
      async () => (await troubled(world.cluster.kubeconfig, "--namespace=images")).join() === "operator",
    );
    await expect(
      release(
        "upgrade",
        "all",
        chartFolder,
        "--namespace=images",
        "--reuse-values",
        "--set=serviceMonitor.relabelings[0].action=dorp",
      ),
    ).rejects.toThrow(/dorp/);
  });

  it("the definition goes with the release where it is not kept", async () => {
    const here = `--namespace=${operatorNamespace}`;
    await release("upgrade", "regcred", chartFolder, here, "--set=crds.keep=false");
    // Nothing runs the Job of the drain here.
    await release("uninstall", "regcred", here, "--no-hooks");
    await expect.poll(() => world.admin.get(crd), soon).toBeUndefined();
  });
});
