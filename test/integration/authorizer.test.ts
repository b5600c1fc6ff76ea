// Tests on a cluster in which another authorizer beside RBAC decides who may write where.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { stringify } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

interface Review {
  readonly spec: {
    readonly resourceAttributes?: { readonly verb?: string; readonly resource?: string; readonly namespace?: string };
  };
}

const reason = "the namespace is managed by the provider of this cluster";

describe("an authorizer of the cluster", () => {
  let world: TestEnv;
  let webhook: Server;
  let folder: string;
  let lenient = false;
  let touched = 0;

  beforeAll(async () => {
    webhook = createServer((request, response) => {
      void json(request).then((body) => {
        const { verb, resource, namespace = "" } = (body as Review).spec.resourceAttributes ?? {};
        const denied = !lenient && verb === "create" && resource === "secrets" && namespace.startsWith("team-managed");
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            status: denied ? { allowed: false, denied, reason } : { allowed: true },
          }),
        );
      });
    }).listen(0, "127.0.0.1");
    await once(webhook, "listening");
    folder = await mkdtemp(join(tmpdir(), "regcred-authorizer-"));
    const config = join(folder, "webhook.yaml");
    await writeFile(
      config,
      stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}` } }],
        users: [{ name: "it" }],
        contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
        "current-context": "it",
      }),
    );
    world = await testEnv({
      apiServerArguments: [
        // After RBAC, which the cluster has already and which knows nobody here.
        "--authorization-mode=Webhook",
        `--authorization-webhook-config-file=${config}`,
        "--authorization-webhook-version=v1",
        "--authorization-webhook-cache-authorized-ttl=1s",
        "--authorization-webhook-cache-unauthorized-ttl=1s",
      ],
    });
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-free", "team-managed"]);
    await world.startOperator({ kubeconfig: await world.cluster.kubeconfigFor({ name: "operator" }) });
  });
  afterAll(async () => {
    await world.close();
    webhook.close();
    await rm(folder, { recursive: true });
  });

  it("that forbids a namespace is named with its reason, and the other namespaces are served", async () => {
    await world.credential("hub", staticSpec("hub"));
    await eventually(
      "it is told",
      async () =>
        (await world.status("hub")).failures?.some(({ reason: why }) => why === "NamespaceForbidden") === true,
    );
    expect((await world.status("hub")).failures).toMatchObject([
      { reason: "NamespaceForbidden", cause: "Platform", count: 1, examples: ["team-managed"] },
    ]);
    await eventually("the other one is served", async () => (await world.status("hub")).namespaces?.ready === 1);
    await expect
      .poll(() => world.condition("hub", "Ready"), soon)
      .toMatchObject({
        status: "False",
        reason: "NamespaceForbidden",
        message: expect.stringContaining(`the cluster forbids it ("${reason}"); exclude the namespace`) as string,
      });

    lenient = true;
    await eventually("it is served once it may be", async () => {
      await world.admin.patch("/api/v1/namespaces/team-managed", {
        metadata: { annotations: { touched: `${++touched}` } },
      });
      return (await world.logins("team-managed")) !== undefined;
    });
  });
});
