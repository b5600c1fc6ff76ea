// Tests that a pod is evicted where its successor can pull, and nowhere else.
import { describe, expect, it } from "vitest";
import { type PodRecoverySnapshot, podsToEvict } from "../../../src/controllers/pod-recovery/plan.ts";
import { frozen, minute, pod, serviceAccount } from "../../entitlement/objects.ts";

const referred = serviceAccount({ references: ["regcred"], record: '["regcred"]' });
const regcred = frozen({ name: "regcred", keys: ["a.example.com"] });

function evicted(changes: Partial<PodRecoverySnapshot> = {}): readonly string[] {
  return podsToEvict({
    pods: [pod()],
    serviceAccount: (name) => (name === "default" ? referred : undefined),
    secrets: [regcred],
    evicted: new Set(),
    firstEviction: () => undefined,
    ...changes,
  }).map(({ pod: { name }, secret, image }) => `${name} ${secret} ${image}`);
}

describe("a stuck pod that is older than its ServiceAccount's reference", () => {
  it("is evicted, and told which Secret serves which of its images", () => {
    const stuckImages = ["other.example.com/x", "a.example.com/app:1"];
    expect(evicted({ pods: [pod({ stuckImages })] })).toEqual(["app-1 regcred a.example.com/app:1"]);
  });

  it("goes before younger ones", () => {
    const pods = [pod({ name: "young", createdAt: minute(-1) }), pod({ name: "old", createdAt: minute(-9) })];
    expect(evicted({ pods }).map((reported) => reported.split(" ")[0])).toEqual(["old", "young"]);
  });

  it.each(["ReplicaSet", "StatefulSet", "DaemonSet"])("of a %s is evicted", (kind) => {
    expect(evicted({ pods: [pod({ controller: { apiVersion: "apps/v1", kind, uid: "o" } })] })).toHaveLength(1);
  });

  it.each([
    ["without a controller, which nobody makes anew", undefined],
    ["of a Job, which counts it as a failure", { apiVersion: "batch/v1", kind: "Job", uid: "o" }],
    ["of a node, whose kubelet made it", { apiVersion: "v1", kind: "Node", uid: "o" }],
    ["of another's kind of that name", { apiVersion: "example.com/v1", kind: "ReplicaSet", uid: "o" }],
    ["of a kind whose group only begins like it", { apiVersion: "apps.example.com/v1", kind: "ReplicaSet", uid: "o" }],
  ])("%s stays", (_what, controller) => {
    expect(evicted({ pods: [pod({ controller })] })).toEqual([]);
  });

  it("is evicted once", () => {
    expect(evicted({ evicted: new Set(["uid-app-1"]) })).toEqual([]);
  });

  it("stays where its owner's pods come without the reference all the same", () => {
    const firstEviction = (uid: string) => (uid === "uid-app" ? minute(-5) : undefined);
    const pods = [pod({ name: "before", createdAt: minute(-6) }), pod({ name: "after", createdAt: minute(-5) })];
    expect(evicted({ pods, firstEviction }).map((reported) => reported.split(" ")[0])).toEqual(["before"]);
  });
});

describe("a stuck pod stays where a new one would be no better", () => {
  it.each([
    ["its registry is not served", { pods: [pod({ stuckImages: ["b.example.com/app"] })] }],
    ["it has the reference already", { pods: [pod({ references: ["regcred"] })] }],
    ["its template names references of its own", { pods: [pod({ references: ["mine"] })] }],
    ["its ServiceAccount does not refer to the Secret", { serviceAccount: () => serviceAccount() }],
    ["its ServiceAccount is not known", { serviceAccount: () => undefined }],
    ["its ServiceAccount lists too many", { serviceAccount: () => serviceAccount({ references: undefined }) }],
    ["no credential of the namespace wants it", { secrets: [] }],
  ])("because %s", (_why, changes) => {
    expect(evicted(changes)).toEqual([]);
  });

  it("but not where its list is what the ServiceAccount had besides", () => {
    const record = '["regcred","extra"]';
    const account = serviceAccount({ references: ["theirs", "regcred", "extra"], record });
    const given = { serviceAccount: () => account };
    expect(evicted({ ...given, pods: [pod({ references: ["theirs"] })] })).toHaveLength(1);
    expect(evicted({ ...given, pods: [pod({ references: [] })] })).toHaveLength(1);
    expect(evicted({ ...given, pods: [pod({ references: ["theirs", "more"] })] })).toEqual([]);
  });

  it("but not where the ServiceAccount listed the Secret already, of which there is no record", () => {
    const account = serviceAccount({ references: ["theirs", "regcred"], record: undefined });
    const given = { serviceAccount: () => account };
    expect(evicted({ ...given, pods: [pod({ references: ["theirs"] })] })).toHaveLength(1);
  });

  it("and lists are compared name by name", () => {
    const account = serviceAccount({ references: ["a", "bc", "regcred"], record: '["regcred"]' });
    const given = { serviceAccount: () => account };
    expect(evicted({ ...given, pods: [pod({ references: ["ab", "c"] })] })).toEqual([]);
  });

  it("but not where another one of its Secrets is not referred to", () => {
    const secrets = [frozen({ name: "unused", keys: ["a.example.com"] }), regcred];
    expect(evicted({ secrets })).toEqual(["app-1 regcred a.example.com/app:1"]);
  });
});

it("matches images as kubelets do", () => {
  const of = (key: string, image: string) =>
    evicted({ secrets: [{ name: "regcred", keys: [key] }], pods: [pod({ stuckImages: [image] })] }).length;
  expect(of("https://index.docker.io/v1/", "busybox")).toBe(1);
  expect(of("quay.io/acme", "quay.io/acme/app@sha256:00")).toBe(0);
  expect(of("quay.io/acme", "quay.io/acme/app:1")).toBe(1);
  expect(of("quay.io/acme", "quay.io/other/app:1")).toBe(0);
});
