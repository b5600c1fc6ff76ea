// Tests that the controllers' reads and writes go out as the API server wants them, with preconditions and bounds.
import { describe, expect, it } from "vitest";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { clusterObjects } from "../../src/cluster/cluster-objects.ts";
import { tooLarge } from "../../src/runtime/client/shape.ts";
import { json, status, type Answer, type LocalServer } from "../runtime/client/local-server.ts";
import { servedWire } from "../runtime/client/served-wire.ts";

async function serve(answer: Answer): Promise<{ server: LocalServer; api: ClusterApi }> {
  const { server, wire } = await servedWire(answer);
  return { server, api: clusterObjects(wire) };
}

const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "regcred", namespace: "team-x", uid: "u", resourceVersion: "5" },
};
const guard = { metadata: { resourceVersion: "5" } };
const secretPath = "/api/v1/namespaces/team-x/secrets/regcred";
const credentialPath = "/apis/regcred.dev/v1alpha1/registrycredentials/acme";

describe("a call", () => {
  const calls: {
    what: string;
    call: (api: ClusterApi) => Promise<unknown>;
    method: string;
    path: string;
    type?: string;
    body?: unknown;
  }[] = [
    {
      what: "createSecret",
      call: (api) => api.createSecret("team-x", secret),
      method: "POST",
      path: "/api/v1/namespaces/team-x/secrets",
      type: "application/json",
      body: secret,
    },
    {
      what: "replaceSecret",
      call: (api) => api.replaceSecret("team-x", "regcred", JSON.stringify(secret)),
      method: "PUT",
      path: secretPath,
      type: "application/json",
      body: secret,
    },
    {
      what: "patchServiceAccount",
      call: (api) => api.patchServiceAccount("team-x", "default", guard),
      method: "PATCH",
      path: "/api/v1/namespaces/team-x/serviceaccounts/default",
      type: "application/merge-patch+json",
      body: guard,
    },
    {
      what: "evictPod",
      call: (api) => api.evictPod("team-x", "app-1", "u"),
      method: "POST",
      path: "/api/v1/namespaces/team-x/pods/app-1/eviction",
      type: "application/json",
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace: "team-x", name: "app-1" },
        deleteOptions: { preconditions: { uid: "u" } },
      },
    },
    {
      what: "patchCredential",
      call: (api) => api.patchCredential("acme", guard),
      method: "PATCH",
      path: credentialPath,
      type: "application/merge-patch+json",
      body: guard,
    },
    {
      what: "patchCredentialStatus",
      call: (api) => api.patchCredentialStatus("acme", { status: {} }),
      method: "PATCH",
      path: `${credentialPath}/status`,
      type: "application/merge-patch+json",
      body: { status: {} },
    },
    {
      what: "createEvent",
      call: (api) => api.createEvent("team-x", {}),
      method: "POST",
      path: "/apis/events.k8s.io/v1/namespaces/team-x/events",
      type: "application/json",
      body: {},
    },
    {
      what: "patchEvent",
      call: (api) => api.patchEvent("team-x", "e.1", {}),
      method: "PATCH",
      path: "/apis/events.k8s.io/v1/namespaces/team-x/events/e.1",
      type: "application/merge-patch+json",
      body: {},
    },
  ];

  it.each(calls)(
    "$what is a $method with our field manager and a deadline of 5 s for the server too",
    async ({ call, method, path, type, body }) => {
      const { server, api } = await serve((_, response) => json(response, 200, secret));
      await call(api);
      const [received] = server.received;
      expect(received).toMatchObject({ method, path });
      expect(received?.headers["content-type"]).toBe(type);
      expect(JSON.parse(received?.body ?? "")).toEqual(body);
      expect(Object.fromEntries(received?.query ?? [])).toEqual({ fieldManager: "regcred", timeout: "5s" });
    },
  );

  it("tryCreateSecret is a dry run, refused as a creation is, but not where the Secret is there", async () => {
    const isThere = status(409, "AlreadyExists", 'secrets "regcred" already exists');
    const refused = status(403, "Forbidden", 'secrets "regcred" is forbidden: exceeded quota: none');
    let asked = 0;
    const { server, api } = await serve((_, response) =>
      (asked += 1) === 1 ? json(response, 409, isThere) : json(response, 403, refused),
    );
    await api.tryCreateSecret("team-x", secret);
    await expect(api.tryCreateSecret("team-x", secret)).rejects.toMatchObject({ kind: "quotaExceeded" });
    const [received] = server.received;
    expect(received).toMatchObject({ method: "POST", path: "/api/v1/namespaces/team-x/secrets" });
    const query = { dryRun: "All", fieldManager: "regcred", timeout: "5s" };
    expect(Object.fromEntries(received?.query ?? [])).toEqual(query);
  });

  it("deleteSecret names the very object in the very state", async () => {
    const { server, api } = await serve((_, response) => json(response, 200, { kind: "Status", status: "Success" }));
    await api.deleteSecret("team-x", "regcred", { uid: "u", resourceVersion: "5" });
    expect(server.received[0]).toMatchObject({ method: "DELETE", path: secretPath });
    expect(JSON.parse(server.received[0]?.body ?? "")).toMatchObject({
      preconditions: { uid: "u", resourceVersion: "5" },
    });
  });

  it("gives back what the server sent, unknown fields and all", async () => {
    const sent = { ...secret, metadata: { ...secret.metadata, future: { field: 1 } } };
    const { api } = await serve((_, response) => json(response, 200, sent));
    expect(await api.replaceSecret("team-x", "regcred", secret)).toEqual(sent);
    expect(await api.getSecret("team-x", "regcred")).toEqual(sent);
  });
});

describe("an object that is large", () => {
  const account = { ...secret, kind: "ServiceAccount", metadata: { ...secret.metadata, name: "default" } };
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key-${index}`, "v"]));

  it.each([
    ["labels", { metadata: { ...secret.metadata, labels: many } }],
    ["annotations", { metadata: { ...secret.metadata, annotations: { note: "n".repeat(400_000) } } }],
    [
      "owners",
      { metadata: { ...secret.metadata, ownerReferences: Array.from({ length: 10_000 }, () => ({ kind: "Thing" })) } },
    ],
    ["data", { data: { blob: "x".repeat(1_400_000) } }],
  ])("is no Secret that could be written back without loss: its %s", async (_what, large) => {
    const { api } = await serve((_, response) => json(response, 200, { ...secret, ...large }));
    await expect(api.getSecret("team-x", "regcred")).rejects.toMatchObject({ kind: "tooLarge" });
  });

  it("is read whole as a Secret that an honest tenant may have, less entries of managedFields that are too large", async () => {
    const metadata = { ...secret.metadata, annotations: { note: "n".repeat(256 * 1024) }, managedFields: [many] };
    const sent = { ...secret, metadata, data: { ".dockerconfigjson": "x".repeat(80_000) } };
    const { api } = await serve((_, response) => json(response, 200, sent));
    const carried = { ...metadata, managedFields: [tooLarge] };
    expect(await api.getSecret("team-x", "regcred")).toEqual({ ...sent, metadata: carried });
  });

  it.each(["regcred.dev/token", "regcred.dev/members"])(
    "is read whole again where it is what the operator remembers by, a Secret of the type %s",
    async (type) => {
      const sent = { ...secret, type, data: { "token.json": "x".repeat(90_000) } };
      const { api } = await serve((_, response) => json(response, 200, sent));
      const kept = { metadata: sent.metadata, type, data: sent.data };
      expect(await api.createSecret("team-x", sent)).toEqual(kept);
      expect(await api.replaceSecret("team-x", "regcred", sent)).toEqual(kept);
    },
  );

  it("answers a write with what is kept of it", async () => {
    const sent = { ...account, secrets: [many], imagePullSecrets: [{ name: "theirs" }, { name: "regcred" }] };
    const { api } = await serve((_, response) => json(response, 200, sent));
    const answer = await api.patchServiceAccount("team-x", "default", guard);
    expect(answer).toEqual({ metadata: account.metadata, imagePullSecrets: sent.imagePullSecrets });
  });
});

describe("what is not there", () => {
  const missing = status(404, "NotFound", 'secrets "regcred" not found', { kind: "secrets" });

  it("reads as undefined, deletes as done, and fails a write", async () => {
    const { api } = await serve((_, response) => json(response, 404, missing));
    expect(await api.getSecret("team-x", "regcred")).toBeUndefined();
    expect(await api.getServiceAccount("team-x", "default")).toBeUndefined();
    await api.deleteSecret("team-x", "regcred", { uid: "u", resourceVersion: "5" });
    await expect(api.patchServiceAccount("team-x", "default", guard)).rejects.toMatchObject({ kind: "notFound" });
  });

  it("is not what a broken server says", async () => {
    const { api } = await serve((_, response) => json(response, 500, {}));
    await expect(api.getSecret("team-x", "regcred")).rejects.toMatchObject({ kind: "unavailable" });
  });
});

describe("an answer that is lost", () => {
  it("repeats a guarded PUT, never a POST", async () => {
    let lost = 0;
    const { server, api } = await serve((_, response) =>
      (lost += 1) % 2 === 1 ? response.destroy() : json(response, 200, secret),
    );
    await api.replaceSecret("team-x", "regcred", secret);
    await expect(api.createSecret("team-x", secret)).rejects.toMatchObject({ kind: "unavailable" });
    expect(server.received.map(({ method }) => method)).toEqual(["PUT", "PUT", "POST"]);
  });
});
