// Can a real Prometheus read the metrics with its ServiceAccount's token, and nobody without the right?
import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { rulesFile } from "../../src/report/prometheus-rules.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { startPrometheus } from "../cluster/prometheus.ts";
import { prometheusAdvice, withoutPrometheus } from "../cluster/prometheus-programs.ts";
import { installed } from "./installed.ts";
import { eventually, type Scene, scene } from "./scene.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const collections: Readonly<Record<string, string>> = {
  ClusterRole: `${rbac}/clusterroles`,
  ClusterRoleBinding: `${rbac}/clusterrolebindings`,
};

describe("metrics for who may read them", () => {
  let world: Scene;
  let port: string;
  const anyone = new Agent({ connect: { rejectUnauthorized: false } });

  const apply = async (file: string): Promise<void> => {
    const text = await readFile(new URL(`../../config/${file}`, import.meta.url), "utf8");
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubeObject;
      await world.admin.create(collections[object.kind ?? ""] ?? "", object);
    }
  };
  /** Of a new ServiceAccount. */
  const tokenOf = async (name: string): Promise<string> => {
    const accounts = "/api/v1/namespaces/monitoring/serviceaccounts";
    await world.admin.create(accounts, { metadata: { name } });
    const made = await world.admin.create(`${accounts}/${name}/token`, { spec: { expirationSeconds: 600 } });
    return (made as unknown as { status: { token: string } }).status.token;
  };
  const statusWith = async (authorization?: string): Promise<number> => {
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/metrics`, {
      dispatcher: anyone,
      ...(authorization && { headers: { authorization } }),
    });
    await body.dump();
    return statusCode;
  };

  beforeAll(async () => {
    world = await scene();
    await world.namespaces(["monitoring"]);
    const kubeconfig = await installed(world);
    await apply("prometheus/secure/access.yaml");
    await world.admin.create(collections["ClusterRoleBinding"] ?? "", {
      metadata: { name: "prometheus" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "regcred-metrics-reader" },
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: "monitoring" }],
    });
    const running = await world.startOperator({
      kubeconfig,
      settings: { metricsAddress: { host: "127.0.0.1", port: 0 }, metricsAccess: "token" },
    });
    port = String(
      running.log.find(({ message, fields }) => message === "serving" && fields["what"] === "metrics")?.fields["port"],
    );
  });
  afterAll(async () => {
    await anyone.close();
    await world?.close();
  });

  it("are refused without a token, with a wrong one, and with one that may not", async () => {
    expect(await statusWith()).toBe(401);
    expect(await statusWith("Bearer nonsense")).toBe(401);
    expect(await statusWith(`Bearer ${await tokenOf("somebody")}`)).toBe(403);
  });

  it.skipIf(withoutPrometheus)(`are scraped by Prometheus with its own token${prometheusAdvice}`, async () => {
    const prometheus = await startPrometheus({
      target: `127.0.0.1:${port}`,
      rules: rulesFile(),
      scrape: {
        scheme: "https",
        authorization: { credentials: await tokenOf("prometheus") },
        tls_config: { insecure_skip_verify: true },
      },
    });
    try {
      await eventually("it has scraped", async () => (await prometheus.query("regcred_build_info")).length === 1);
      expect(await prometheus.scrapeError()).toBe("");
    } finally {
      await prometheus.stop();
    }
  });
});
