// Tests that of all pods only what decides about the stuck ones is cached.
import { describe, expect, it } from "vitest";
import { transformPod } from "../../../src/cluster/transform/pod.ts";

const waiting = (name: string, reason: string) => ({ name, state: { waiting: { reason } } });
const pod = ({ metadata = {}, spec = {}, status = {} }: Record<string, object> = {}): unknown => ({
  metadata: {
    namespace: "team-a",
    name: "app-1",
    uid: "u",
    resourceVersion: "5",
    creationTimestamp: "2026-01-01T12:00:00Z",
    ownerReferences: [
      { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "x" },
      { apiVersion: "apps/v1", kind: "ReplicaSet", name: "app", uid: "o", controller: true },
    ],
    ...metadata,
  },
  spec: {
    containers: [
      { name: "main", image: "a.example.com/app:1", env: [{ name: "SECRET", value: "hunter2" }] },
      { name: "side", image: "b.example.com/side:1" },
    ],
    ...spec,
  },
  status: {
    phase: "Pending",
    containerStatuses: [waiting("main", "ImagePullBackOff"), waiting("side", "x")],
    ...status,
  },
});

describe("the record of a pod", () => {
  it("holds what a stuck one waits for, as its spec writes it, and who makes its successor", () => {
    expect(transformPod(pod())).toEqual({
      key: "team-a/app-1",
      namespace: "team-a",
      name: "app-1",
      uid: "u",
      resourceVersion: "5",
      createdAt: Temporal.Instant.from("2026-01-01T12:00:00Z"),
      serviceAccount: "default",
      references: [],
      stuckImages: ["a.example.com/app:1"],
      controller: { apiVersion: "apps/v1", kind: "ReplicaSet", uid: "o" },
    });
  });

  it("holds its ServiceAccount and references", () => {
    const spec = {
      serviceAccountName: "builder",
      imagePullSecrets: [{ name: "one" }, { name: "two" }],
      containers: [{ name: "main", image: "a" }],
    };
    expect(transformPod(pod({ spec }))).toMatchObject({ serviceAccount: "builder", references: ["one", "two"] });
  });

  it("counts containers that go first", () => {
    const spec = { initContainers: [{ name: "first", image: "c.example.com/x" }], containers: [] };
    const status = { initContainerStatuses: [waiting("first", "ErrImagePull")], containerStatuses: [] };
    expect(transformPod(pod({ spec, status }))).toMatchObject({ stuckImages: ["c.example.com/x"] });
  });

  it.each([
    ["waits for something else", { status: { containerStatuses: [waiting("main", "CreateContainerConfigError")] } }],
    ["has an image name that is none", { status: { containerStatuses: [waiting("main", "InvalidImageName")] } }],
    ["runs", { status: { containerStatuses: [{ name: "main", state: { running: {} } }] } }],
    ["is new", { status: { containerStatuses: null } }],
    ["is going", { metadata: { deletionTimestamp: "2026-01-01T13:00:00Z" } }],
    ["lists very many references", { spec: { imagePullSecrets: Array.from({ length: 33 }, () => ({ name: "x" })) } }],
  ])("is none where it %s", (_what, changes) => {
    expect(transformPod(pod(changes))).toBeUndefined();
  });

  it("has no controller where none would make a new one", () => {
    expect(transformPod(pod({ metadata: { ownerReferences: undefined } }))?.controller).toBeUndefined();
  });
});
