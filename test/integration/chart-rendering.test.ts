// Tests of what the chart makes of its values for names, monitoring and pods, and of what it refuses.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { always, everything, find, podOf } from "../chart/every-value.ts";
import { objectsIn, rendered } from "../chart/rendered.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { operatorNamespace } from "./operator-namespace.ts";

const root = join(import.meta.dirname, "..", "..");

describe("what the values make", () => {
  let objects: readonly KubeObject[];
  beforeAll(async () => {
    objects = await rendered({ values: { ...everything, crds: { keep: false } }, hooks: true });
  });

  it("everything has the common labels, and what has labels of its own has these first", () => {
    const labels = objects.map(({ metadata }) => metadata.labels ?? {});
    expect(labels.filter((each) => each["acme.io/team"] !== "platform")).toEqual([]);
    // Of the definition's, which is no install's own, the common ones only.
    const unmarked = objects.filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/part-of"] !== "regcred");
    expect(unmarked.map(({ kind }) => kind)).toEqual(["CustomResourceDefinition"]);
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
