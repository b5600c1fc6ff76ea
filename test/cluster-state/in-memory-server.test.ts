// Tests that the API server in memory accepts, refuses and stores what the real one does.
import { describe, expect, it } from "vitest";
import { ApiError, type ApiErrorKind } from "../../src/runtime/client/api-error.ts";
import { type ModelServer, modelServer, type Place } from "../../src/cluster/in-memory/in-memory-server.ts";

const home: Place = { resource: "namespaces", name: "team" };
const secret: Place = { resource: "secrets", namespace: "team", name: "regcred" };
const credential: Place = { resource: "registrycredentials", name: "a" };
const dockerConfig = "kubernetes.io/dockerconfigjson";
const config = Buffer.from('{"auths":{}}').toString("base64");

function server(): ModelServer {
  let uids = 0;
  const made = modelServer({
    now: () => Temporal.Instant.from("2026-01-01T00:00:00Z"),
    newUid: () => `uid-${(uids += 1)}`,
  });
  made.create(home, { metadata: { name: "team" } });
  return made;
}

function kindOf(act: () => unknown): ApiErrorKind | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.kind;
    throw error;
  }
}

describe("the API server in memory", () => {
  it("gives each object a uid, and each write a later version", () => {
    const made = server();
    const first = made.create(secret, { metadata: { name: "regcred" } });
    const second = made.patch(secret, { metadata: { labels: { a: "b" } } });
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(BigInt(second.metadata.resourceVersion)).toBeGreaterThan(BigInt(first.metadata.resourceVersion));
    expect(made.patch(secret, { metadata: { labels: { a: "b" } } })).toBe(second);
  });

  it("refuses what is there already, what is stale, and what is another object", () => {
    const made = server();
    const first = made.create(secret, { metadata: { name: "regcred" } });
    const { uid, resourceVersion } = first.metadata;
    made.patch(secret, { metadata: { labels: { a: "b" } } });
    expect(kindOf(() => made.create(secret, { metadata: {} }))).toBe("alreadyExists");
    expect(kindOf(() => made.replace(secret, first))).toBe("conflict");
    expect(kindOf(() => made.patch(secret, { metadata: { resourceVersion } }))).toBe("conflict");
    expect(kindOf(() => made.remove(secret, { uid, resourceVersion }))).toBe("conflict");
    expect(kindOf(() => made.remove(secret, { uid: "another" }))).toBe("conflict");
    made.remove(secret, { uid });
    expect(kindOf(() => made.remove(secret))).toBe("notFound");
  });

  it("keeps an object in deletion until its last finalizer is off, and lets none be added", () => {
    const made = server();
    made.create(credential, { metadata: { finalizers: ["one"] }, spec: {} });
    expect(made.remove(credential)?.metadata.deletionTimestamp).toBe("2026-01-01T00:00:00Z");
    expect(kindOf(() => made.patch(credential, { metadata: { finalizers: ["one", "two"] } }))).toBe("invalid");
    made.patch(credential, { metadata: { finalizers: [] } });
    expect(made.get(credential)).toBeUndefined();
  });

  it("counts changes of what is wanted, and keeps the status apart", () => {
    const made = server();
    made.create(credential, { metadata: {}, spec: { a: 1 }, status: { made: "up" } });
    expect(made.patch(credential, { status: { x: 1 }, metadata: { labels: { a: "b" } } })).toMatchObject({
      metadata: { generation: 1 },
    });
    expect(made.get(credential)).not.toHaveProperty("status");
    expect(made.patch(credential, { status: { x: 1 }, spec: { a: 2 } }, "status")).toMatchObject({
      metadata: { generation: 1 },
      spec: { a: 1 },
      status: { x: 1 },
    });
    expect(made.patch(credential, { spec: { a: 2 } })).toMatchObject({ metadata: { generation: 2 }, status: { x: 1 } });
  });

  it("takes nothing new into a namespace that ends or is not there, and ends it when it is empty", () => {
    const made = server();
    made.create(secret, { metadata: { finalizers: ["theirs"] } });
    made.remove(home);
    expect(kindOf(() => made.create({ ...secret, name: "b" }, { metadata: {} }))).toBe("namespaceTerminating");
    made.endNamespaces();
    expect(made.get(home)).toBeDefined();
    made.patch(secret, { metadata: { finalizers: null } });
    made.endNamespaces();
    expect(made.get(home)).toBeUndefined();
    expect(kindOf(() => made.create(secret, { metadata: {} }))).toBe("namespaceNotFound");
  });

  it("takes a docker config only if it is there and is JSON, and changes no type and nothing immutable", () => {
    const made = server();
    const typed = (data: object): object => ({ metadata: {}, type: dockerConfig, data });
    expect(kindOf(() => made.create(secret, typed({})))).toBe("invalid");
    expect(kindOf(() => made.create(secret, typed({ ".dockerconfigjson": "bm8=" })))).toBe("invalid");
    made.create(secret, typed({ ".dockerconfigjson": config }));
    expect(kindOf(() => made.patch(secret, { type: "Opaque" }))).toBe("invalid");
    made.patch(secret, { immutable: true });
    expect(kindOf(() => made.patch(secret, { data: { more: config } }))).toBe("invalid");
    expect(kindOf(() => made.patch(secret, { immutable: false }))).toBe("invalid");
  });
});
