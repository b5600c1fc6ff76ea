// Prometheus' operator beside the cluster, and a Prometheus with the configuration that it makes of the chart's monitor and rules.
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { request } from "undici";
import { parse, stringify } from "yaml";
import { installMonitoringKinds } from "../chart/prometheus-operator.ts";
import { type Buildable, buildWithGo } from "../cluster/build-with-go.ts";
import { withFreePort } from "../cluster/free-port.ts";
import { part } from "../cluster/part.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { streamPrinter } from "../cluster/printer.ts";
import { type Prometheus, runPrometheus } from "../cluster/prometheus.ts";
import type { NodeWorld } from "../e2e/world.ts";
import { startDiscovery } from "./discovery.ts";

const prometheusOperator: Buildable = {
  name: "prometheus-operator",
  version: "v0.85.0",
  build: {
    module: join(import.meta.dirname, "..", "cluster", "binaries", "prometheus-operator"),
    package: "github.com/prometheus-operator/prometheus-operator/cmd/operator",
    linkerFlags: "-s -w",
    packages: 1_030,
    minutes: "2 to 3 minutes",
  },
};

const namespace = "monitoring";
const name = "main";
/** By which this Prometheus finds monitors and rules. */
export const found = { release: name };
// Debian 12's.
const version = "v2.42.0";

export interface Monitoring {
  /** Prometheus with the configuration that the operator has made by now. */
  prometheus(): Promise<Prometheus>;
  stop(): Promise<void>;
}

/** Installs its kinds and one Prometheus, and runs the operator beside the cluster. `program` is where it is built to. */
export async function startMonitoring(world: NodeWorld, program: string): Promise<Monitoring> {
  const { admin, cluster, kubectl } = world;
  await buildWithGo(prometheusOperator, program, streamPrinter(process.stderr));
  await installMonitoringKinds(cluster, [
    "podmonitors",
    "probes",
    "prometheuses",
    "prometheusrules",
    "servicemonitors",
  ]);
  await kubectl("create", "namespace", namespace);
  await kubectl("create", "serviceaccount", "prometheus", `--namespace=${namespace}`);
  const everywhere = { matchLabels: {} };
  await admin.create(`/apis/monitoring.coreos.com/v1/namespaces/${namespace}/prometheuses`, {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "Prometheus",
    metadata: { name },
    spec: {
      version,
      serviceAccountName: "prometheus",
      serviceMonitorSelector: { matchLabels: found },
      serviceMonitorNamespaceSelector: everywhere,
      ruleSelector: { matchLabels: found },
      ruleNamespaceSelector: everywhere,
      serviceDiscoveryRole: "EndpointSlice",
      evaluationInterval: "1s",
    },
  });
  const operator = await withFreePort(async (port) => {
    const running = part({
      name: "prometheus-operator",
      file: program,
      folder: cluster.folder,
      arguments: [`--web.listen-address=127.0.0.1:${port}`],
      environment: { KUBECONFIG: cluster.kubeconfig },
      ready: () =>
        request(`http://127.0.0.1:${port}/healthz`).then(
          async ({ statusCode, body }) => {
            await body.dump();
            return statusCode === 200;
          },
          () => false,
        ),
    });
    await running.start();
    return running;
  });
  const targets = join(cluster.folder, "targets.json");
  const discovering = await startDiscovery(world, targets);
  return {
    prometheus: async () => runPrometheus(await configuration(world, targets)),
    stop: async () => {
      await discovering.stop();
      await operator.kill();
    },
  };
}

/** Debian's Prometheus is built without the discovery in Kubernetes: a file says what that would find, and all else stays. */
function discoveredFrom(targets: string, text: string): string {
  const config = parse(text) as { readonly scrape_configs: readonly Readonly<Record<string, unknown>>[] };
  return stringify({
    ...config,
    scrape_configs: config.scrape_configs.map(({ kubernetes_sd_configs: inKubernetes, ...each }) => ({
      ...each,
      ...(inKubernetes !== undefined && { file_sd_configs: [{ files: [targets] }] }),
    })),
  });
}

/** Once it is about the chart's monitor and its rules; what is scraped stands in a file, `targets`. */
async function configuration({ admin }: NodeWorld, targets: string): Promise<Readonly<Record<string, string>>> {
  const dataOf = async (path: string): Promise<Readonly<Record<string, string>>> =>
    ((await admin.get(`/api/v1/namespaces/${namespace}/${path}`))?.["data"] ?? {}) as Record<string, string>;
  return pollUntil(
    async () => {
      const packed = (await dataOf(`secrets/prometheus-${name}`))["prometheus.yaml.gz"];
      const rules = await dataOf(`configmaps/prometheus-${name}-rulefiles-0`);
      if (packed === undefined) return undefined;
      const text = gunzipSync(Buffer.from(packed, "base64")).toString();
      if (!text.includes("job_name: serviceMonitor/") || Object.keys(rules).length === 0) return undefined;
      return {
        // Where the StatefulSet mounts the rules, and what its reloader writes for the one shard that there is.
        "prometheus.yaml": discoveredFrom(
          targets,
          text.replace(/\/etc\/prometheus\/rules\/[^/]+\//, "rules/").replaceAll("$(SHARD)", "0"),
        ),
        ...Object.fromEntries(Object.entries(rules).map(([file, rule]) => [`rules/${file}`, rule])),
      };
    },
    {
      what: "the configuration that Prometheus' operator makes",
      limit: Temporal.Duration.from({ minutes: 2 }),
      every: Temporal.Duration.from({ seconds: 1 }),
    },
  );
}
