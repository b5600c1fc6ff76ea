// Tests that the real API server answers as our transport, errors and Events expect.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { failureFrom } from "../../src/cluster/api-failure.ts";
import { ApiError } from "../../src/runtime/client/api-error.ts";
import type { ClusterApi, SecretObject } from "../../src/cluster/cluster-api.ts";
import { clusterObjects } from "../../src/cluster/cluster-objects.ts";
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { eventRecorder } from "../../src/runtime/events/event-recorder.ts";
import { listWatch } from "../../src/runtime/client/list-watch.ts";
import { preflight } from "../../src/operator/preflight.ts";
import { resourcePath } from "../../src/runtime/client/resource-path.ts";
import { transport, userAgent, type Transport } from "../../src/runtime/client/transport.ts";
import type { WatchEvent } from "../../src/runtime/watch/list-watch.ts";
import { type Shape, whole } from "../../src/runtime/client/shape.ts";
import { startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { variantOf } from "../cluster/variant.ts";
import { unrestricted } from "../mode.ts";
import { itemsOf } from "../runtime/client/items-of.ts";
import { operatorNamespace } from "./operator-namespace.ts";

let cluster: ControlPlane;
let admin: Transport;
let api: ClusterApi;
let limited: Transport;
const open: Transport[] = [];

function connect(kubeconfig: string): Transport {
  const wire = transport({
    connection: loadConnection({ kubeconfig }),
    clock: systemClock(),
    random: Math.random,
    userAgent: userAgent("0.0.0-test"),
  });
  open.push(wire);
  return wire;
}

beforeAll(async () => {
  cluster = await startControlPlane({ auditLog: true });
  admin = connect(cluster.kubeconfig);
  api = clusterObjects(admin);
  limited = connect(await cluster.kubeconfigFor({ name: "limited" }));
});
afterAll(async () => {
  await Promise.all(open.map((wire) => wire.close()));
  await cluster.stop();
});

const keeps = (): Shape => whole(1024 * 1024);
const soon = Temporal.Duration.from({ seconds: 20 });
const namespaces = (name?: string): string => resourcePath({ group: "", version: "v1", resource: "namespaces", name });

async function post(path: string, body: object): Promise<unknown> {
  return (await admin.request({ method: "POST", path, body: JSON.stringify(body) })).json();
}

async function namespace(name: string): Promise<void> {
  await post(namespaces(), { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

function secretBody(name = "regcred", more: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name },
    data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
    ...more,
  };
}

const versioned = (secret: SecretObject, more: object = {}): object => ({ ...secret, ...more });

async function apiErrorOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("no ApiError", { cause: error });
  return error;
}

/** Policies and quotas are enforced a moment after they are written: creates Secrets until one is refused as expected. */
function firstDenial(namespace: string, expected: (error: ApiError) => boolean): Promise<ApiError> {
  let count = 0;
  const probe = async (): Promise<ApiError | undefined> => {
    count += 1;
    const error: unknown = await api.createSecret(namespace, secretBody(`probe-${count}`)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof ApiError && expected(error) ? error : undefined;
  };
  return pollUntil(probe, { what: `a refusal in ${namespace}`, limit: soon });
}

describe("objects", () => {
  it("are created, replaced and deleted under guard", async () => {
    await namespace("objects");
    const created = await api.createSecret("objects", secretBody());
    expect((await apiErrorOf(api.createSecret("objects", secretBody()))).kind).toBe("alreadyExists");
    const replaced = await api.replaceSecret("objects", "regcred", versioned(created, { immutable: false }));
    expect((await apiErrorOf(api.replaceSecret("objects", "regcred", versioned(created)))).kind).toBe("conflict");
    expect(
      (await apiErrorOf(api.replaceSecret("objects", "regcred", versioned(replaced, { type: "Opaque" })))).details
        .causes,
    ).toMatchObject([{ field: "type" }]);
    const { uid, resourceVersion } = replaced.metadata;
    expect(
      (
        await apiErrorOf(
          api.deleteSecret("objects", "regcred", { uid, resourceVersion: created.metadata.resourceVersion }),
        )
      ).kind,
    ).toBe("conflict");
    expect((await apiErrorOf(api.deleteSecret("objects", "regcred", { uid: "other", resourceVersion }))).kind).toBe(
      "conflict",
    );
    await api.deleteSecret("objects", "regcred", { uid, resourceVersion });
    await api.deleteSecret("objects", "regcred", { uid, resourceVersion });
    expect(await api.getSecret("objects", "regcred")).toBeUndefined();
  });

  it("of ServiceAccounts keep a stale patch out", async () => {
    await namespace("accounts");
    const account = await pollUntil(() => api.getServiceAccount("accounts", "default"), {
      what: "the default ServiceAccount",
      limit: soon,
    });
    const patch = {
      metadata: { resourceVersion: account.metadata.resourceVersion },
      imagePullSecrets: [{ name: "regcred" }],
    };
    const patched = await api.patchServiceAccount("accounts", "default", patch);
    expect(patched.imagePullSecrets).toEqual([{ name: "regcred" }]);
    expect(
      (await apiErrorOf(api.patchServiceAccount("accounts", "default", { ...patch, imagePullSecrets: [] }))).kind,
    ).toBe("conflict");
  });
});

describe("refusals", () => {
  it("for a missing and a terminating namespace are told apart", async () => {
    expect((await apiErrorOf(api.createSecret("nowhere", secretBody()))).kind).toBe("namespaceNotFound");
    await post(namespaces(), { apiVersion: "v1", kind: "Namespace", metadata: { name: "ending" } });
    await post(resourcePath({ group: "", version: "v1", resource: "configmaps", namespace: "ending" }), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "stays", finalizers: ["test.example/hold"] },
    });
    await admin.request({ method: "DELETE", path: namespaces("ending") });
    expect((await apiErrorOf(api.createSecret("ending", secretBody()))).kind).toBe("namespaceTerminating");
  });

  it("by a quota name it", async () => {
    await namespace("quota");
    const path = resourcePath({ group: "", version: "v1", resource: "resourcequotas", namespace: "quota" });
    await post(path, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "few" },
      spec: { hard: { secrets: "0" } },
    });
    const error = await firstDenial("quota", (denied) => denied.message.includes("exceeded"));
    expect(failureFrom(error, { action: "write Secret", operatorNamespace })).toMatchObject({
      reason: "QuotaExceeded",
      cause: "Tenant",
      message: expect.stringContaining("ResourceQuota few"),
    });
  });

  it("by RBAC name the right that is missing", async () => {
    const error = await apiErrorOf(clusterObjects(limited).createSecret("default", secretBody()));
    expect(failureFrom(error, { action: "write Secret", operatorNamespace })).toMatchObject({
      reason: "NotPermitted",
      message: "cannot write Secret: the operator may not create secrets in namespace default",
      steps: [{ command: { argv: ["kubectl", "apply", "-k", "config/default"] } }],
    });
  });

  it("by a policy name it, whatever its status code", async () => {
    await namespace("policy");
    const path = (resource: string): string =>
      resourcePath({ group: "admissionregistration.k8s.io", version: "v1", resource });
    const of = (kind: string, spec: object): object => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind,
      metadata: { name: "no-secrets" },
      spec,
    });
    await post(
      path("validatingadmissionpolicies"),
      of("ValidatingAdmissionPolicy", {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["secrets"] }],
        },
        validations: [{ expression: "false", message: "no Secrets here" }],
      }),
    );
    await post(
      path("validatingadmissionpolicybindings"),
      of("ValidatingAdmissionPolicyBinding", {
        policyName: "no-secrets",
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "policy" } } },
      }),
    );
    const error = await firstDenial("policy", () => true);
    expect(error).toMatchObject({ kind: "admissionDenied", details: { policy: "no-secrets", binding: "no-secrets" } });
  });

  it("of a body that is no Secret do not quote it", async () => {
    const error = await apiErrorOf(
      api.createSecret(
        "default",
        '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"password":"hunter2!"}}',
      ),
    );
    expect(error.kind).toBe("invalid");
    expect(error.message).not.toContain("hunter2");
    expect((await apiErrorOf(api.createSecret("default", '{"password":"hunter2'))).message).not.toContain("hunter2");
  });
});

describe("lists and watches", () => {
  it("of one Secret name in all namespaces need no right to any other Secret, with initial events where they are known", async () => {
    const group = "rbac.authorization.k8s.io";
    const rbac = (resource: string): string => resourcePath({ group, version: "v1", resource });
    await post(rbac("clusterroles"), {
      apiVersion: `${group}/v1`,
      kind: "ClusterRole",
      metadata: { name: "one-name" },
      rules: [{ apiGroups: [""], resources: ["secrets"], resourceNames: ["pull"], verbs: ["list", "watch"] }],
    });
    await post(rbac("clusterrolebindings"), {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "one-name" },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "one-name" },
      subjects: [{ apiGroup: group, kind: "User", name: "limited" }],
    });
    await namespace("watched");
    await api.createSecret("watched", secretBody("pull"));
    const source = listWatch(limited, {
      path: resourcePath({ group: "", version: "v1", resource: "secrets" }),
      query: { fieldSelector: "metadata.name=pull" },
      keeps,
    });
    const page = await pollUntil(() => itemsOf(source, { limit: 500 }).catch(() => undefined), {
      what: "the right to list",
      limit: soon,
    });
    expect(page.items).toHaveLength(1);
    const enough = new Error("enough");
    const initialEvents = async (): Promise<readonly WatchEvent[]> => {
      const seen: WatchEvent[] = [];
      const timeout = Temporal.Duration.from({ seconds: 30 });
      const stop = new AbortController();
      const onEvent = (event: WatchEvent): void => {
        seen.push(event);
        if (event.type === "BOOKMARK") stop.abort(enough);
      };
      await source.watch({ timeout, sendInitialEvents: true }, onEvent, stop.signal).catch((error: unknown) => {
        if (error !== enough) throw error;
      });
      return seen;
    };
    const asked = await initialEvents().catch((error: unknown) => error);
    // By the kind of this refusal the reflector tells that it must list in pages.
    const refused = { kind: "invalid" };
    const events = [
      { type: "ADDED", object: { metadata: { name: "pull", namespace: "watched" } } },
      { type: "BOOKMARK", object: { metadata: { annotations: { "k8s.io/initial-events-end": "true" } } } },
    ];
    expect(asked).toMatchObject(variantOf(process.env).knowsWatchList ? events : refused);
    await expect(
      itemsOf(listWatch(limited, { path: resourcePath({ group: "", version: "v1", resource: "secrets" }), keeps }), {}),
    ).rejects.toMatchObject({ kind: "forbidden" });
  });

  it("come in pages, with metadata only where asked", async () => {
    const source = listWatch(admin, { path: namespaces(), metadataOnly: true, keeps });
    const first = await itemsOf(source, { limit: 2 });
    const second = await itemsOf(source, { limit: 2, ...(first.continue ? { continue: first.continue } : {}) });
    expect(first.items).toHaveLength(2);
    expect(second.items[0]).not.toEqual(first.items[0]);
    expect(first.items[0]).not.toHaveProperty("status");
  });

  it("from a version long gone, or with a broken token, fail in a typed way", async () => {
    const source = listWatch(admin, { path: namespaces(), keeps });
    await expect(itemsOf(source, { limit: 2, continue: "nonsense" })).rejects.toMatchObject({ kind: "invalid" });
    await expect(itemsOf(source, { resourceVersion: "999999999" })).rejects.toMatchObject({ kind: "unavailable" });
  });
});

describe("Events", () => {
  it("are accepted with every limit reached, and repetitions become a series", async () => {
    await namespace("events");
    const secret = await api.createSecret("events", secretBody());
    const recorder = eventRecorder({
      reportingController: "regcred.dev/regcred",
      api,
      clock: systemClock(),
      random: Math.random,
      reportingInstance: "i".repeat(300),
    });
    const occurrence = {
      regarding: { apiVersion: "v1", kind: "Secret", namespace: "events", name: "regcred", uid: secret.metadata.uid },
      type: "Warning",
      reason: "R".repeat(300),
      action: "A".repeat(300),
      note: "ü".repeat(2000),
    } as const;
    recorder.publish(occurrence);
    recorder.publish(occurrence);
    recorder.publish({
      ...occurrence,
      regarding: { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", name: "acme", uid: "u" },
    });
    await recorder.close(soon);
    expect(recorder.dropped()).toBe(0);
    const eventsIn = async (name: string) => {
      const path = resourcePath({ group: "events.k8s.io", version: "v1", resource: "events", namespace: name });
      const answer = await admin.request({ method: "GET", path });
      return (answer.json() as { items: { series?: { count: number }; regarding: { kind: string; name: string } }[] })
        .items;
    };
    expect((await eventsIn("events")).map(({ series }) => series?.count)).toEqual([2]);
    // The API server has Events of its own there.
    const ours = (await eventsIn("default")).filter(({ regarding }) => regarding.kind === "RegistryCredential");
    expect(ours.map(({ regarding }) => regarding.name)).toEqual(["acme"]);
  });
});

describe("preflight", () => {
  const audiences = { listed: [], own: [] };
  const install = { namespace: "default", sourceNamespaces: [], mode: unrestricted, leaderElection: true };

  it("wants the CRD, then the rights, then nothing", async () => {
    await expect(preflight({ transport: admin, install, audiences, goesOnWithout: () => undefined })).rejects.toThrow(
      "RegistryCredential is not installed",
    );
    const crd: unknown = parse(
      await readFile(join(import.meta.dirname, "../../crds/regcred.dev_registrycredentials.yaml"), "utf8"),
    );
    await post(
      resourcePath({ group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" }),
      crd as object,
    );
    await pollUntil(
      () =>
        preflight({
          transport: admin,
          install,
          audiences,
          goesOnWithout: () => undefined,
        }).then(
          () => true,
          () => false,
        ),
      { what: "the CRD to be served", limit: soon },
    );
    await expect(preflight({ transport: limited, install, audiences, goesOnWithout: () => undefined })).rejects.toThrow(
      /^the operator may not list, watch, patch registrycredentials\.regcred\.dev; .*$/,
    );
  });
});

describe("on the wire", () => {
  it("every call, watches too, bears our User-Agent", async () => {
    const lines = (await readFile(cluster.auditLog ?? "", "utf8")).split("\n").filter(Boolean);
    const ours = lines
      .map((line) => JSON.parse(line) as { userAgent?: string; verb: string; user: { username: string } })
      .filter(({ user }) => user.username === "limited");
    expect(ours.some(({ verb }) => verb === "watch")).toBe(true);
    expect(ours.filter((one) => !one.userAgent?.startsWith("regcred/0.0.0-test ("))).toEqual([]);
  });
});
