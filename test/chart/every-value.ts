// Values of the chart, none of them as by default, and what tests look for in what it makes of them.
import type { KubeObject } from "../cluster/admin-client.ts";

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

export function podOf(object: KubeObject | undefined): PodSpec {
  if (object === undefined) throw new Error("it is not there");
  const { spec } = object;
  return (object.kind === "Pod" ? spec : (spec as { template: { spec: unknown } }).template.spec) as PodSpec;
}
export const find = (objects: readonly KubeObject[], kind: string, name?: string): KubeObject | undefined =>
  objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));

export const always = { enabled: true, renderMode: "alwaysRender" };
/** Every value of this file, none as by default. */
export const everything = {
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
