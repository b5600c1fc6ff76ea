// Tests that a real Prometheus can read the metrics with its ServiceAccount's token, and nobody without the right.
import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rulesFile } from "../../tools/generate/prometheus-rules.ts";
import { objectsIn } from "../chart/rendered.ts";
import { startPrometheus } from "../cluster/prometheus.ts";
import { prometheusAdvice, withoutPrometheus } from "../cluster/prometheus-programs.ts";
import { type Audited, operatorRequests } from "./audit-log.ts";
import { installed } from "./installed.ts";
import { rbac, rightsIn, rulesOf, rulesWithout } from "./rights.ts";
import { eventually, type TestEnv, testEnv } from "./test-env.ts";

const collections: Readonly<Record<string, string>> = {
  ClusterRole: `${rbac}/clusterroles`,
  ClusterRoleBinding: `${rbac}/clusterrolebindings`,
};

const access = objectsIn(
  await readFile(new URL("../../config/prometheus/secure/access.yaml", import.meta.url), "utf8"),
);
const own = access.filter(({ metadata }) => metadata.name === "regcred-metrics-access");

describe("metrics for who may read them", () => {
  let world: TestEnv;
  let port: string;
  let prometheusToken: string;
  const anyone = new Agent({ connections: 32, connect: { rejectUnauthorized: false } });

  const reviews = async (): Promise<readonly Audited[]> =>
    (await operatorRequests(world)).filter(({ resource }) => resource === "tokenreviews");

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
    world = await testEnv({ auditLog: true });
    await world.namespaces(["monitoring"]);
    const kubeconfig = await installed(world);
    for (const object of access) await world.admin.create(collections[object.kind ?? ""] ?? "", object);
    await world.admin.create(collections["ClusterRoleBinding"] ?? "", {
      metadata: { name: "prometheus" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "regcred-metrics-reader" },
      subjects: [{ kind: "ServiceAccount", name: "prometheus", namespace: "monitoring" }],
    });
    const running = await world.startOperator({
      kubeconfig,
      settings: { metricsAddress: { host: "127.0.0.1", port: 0 }, metricsAccess: "token" },
    });
    prometheusToken = await tokenOf("prometheus");
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

  it.each(rightsIn(own))("are for nobody where the operator may not $verb $resource", async (right) => {
    const { name } = right.role.metadata;
    await world.admin.patch(`${rbac}/clusterroles/${name}`, { rules: rulesWithout(right) });
    const authorization = `Bearer ${await tokenOf(`without-${right.resource}`)}`;
    await expect.poll(() => statusWith(authorization), { timeout: 30_000 }).toBe(500);
    await world.admin.patch(`${rbac}/clusterroles/${name}`, { rules: rulesOf(right.role) });
    await expect.poll(() => statusWith(authorization), { timeout: 30_000 }).toBe(403);
  });

  it("answer a flood of made-up tokens at a pace of their own, with a question each at most, and somebody who may all the same", async () => {
    const authorization = `Bearer ${prometheusToken}`;
    expect(await statusWith(authorization)).toBe(200);
    const before = (await reviews()).length;
    const began = performance.now();
    const flood = await Promise.all(Array.from({ length: 500 }, (_, index) => statusWith(`Bearer made-up-${index}`)));
    const seconds = (performance.now() - began) / 1_000;
    expect(flood.filter((status) => status !== 401 && status !== 503)).toEqual([]);
    expect(await statusWith(authorization)).toBe(200);
    const asked = (await reviews()).slice(before);
    expect(asked.length).toBe(flood.filter((status) => status === 401).length);
    // src/runtime/observability/metrics-server.ts: 100 a second, and 128 at once.
    expect(asked.length).toBeLessThanOrEqual(130 + 100 * seconds);
  });

  it.skipIf(withoutPrometheus)(`are scraped by Prometheus with its own token${prometheusAdvice}`, async () => {
    const prometheus = await startPrometheus({
      target: `127.0.0.1:${port}`,
      rules: rulesFile(),
      scrape: {
        scheme: "https",
        authorization: { credentials: prometheusToken },
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
