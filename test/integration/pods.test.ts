// Tests that pods that got stuck before their ServiceAccount had the reference are recreated, and no others.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { unrestricted } from "../mode.ts";
import { installed } from "./installed.ts";
import { eventually, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

interface PodObject extends KubeObject {
  readonly spec: { readonly imagePullSecrets?: readonly { readonly name: string }[] };
}

const image = "registry.example.com/team/app:1";
const mode = { ...unrestricted, podRecovery: true };
const container = (of: string): object => ({ containers: [{ name: "main", image: of }] });

describe("podRecovery: Evict", () => {
  let world: TestEnv;

  const podsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
  const pods = async (namespace: string, app: string): Promise<readonly PodObject[]> =>
    ((await world.admin.list(podsPath(namespace))) as readonly PodObject[]).filter(
      ({ metadata }) => metadata.labels?.["app"] === app,
    );
  /** Pods of a ReplicaSet, once they are there. */
  const replicaSet = async (
    namespace: string,
    app: string,
    spec: object,
    replicas = 1,
  ): Promise<readonly PodObject[]> => {
    await world.admin.create(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      metadata: { name: app },
      spec: { replicas, selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } },
    });
    await eventually(`${app} has its pods`, async () => (await pods(namespace, app)).length === replicas);
    return pods(namespace, app);
  };
  /** As a kubelet would report it; there is none here. */
  const stuck = async (all: readonly PodObject[]): Promise<void> => {
    const state = { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } };
    const status = { name: "main", image: "", imageID: "", ready: false, restartCount: 0, state };
    for (const { metadata } of all) {
      await world.admin.patch(`${podsPath(metadata.namespace ?? "")}/${metadata.name}/status`, {
        status: { containerStatuses: [status] },
      });
    }
  };
  const isThere = async ({ metadata: { namespace = "", name, uid } }: PodObject): Promise<boolean> =>
    (await world.admin.get(`${podsPath(namespace)}/${name}`))?.metadata.uid === uid;
  const evictionsIn = async (namespace: string): Promise<readonly string[]> =>
    ((await world.events(namespace)) as readonly (KubeObject & { reason: string; regarding: { uid: string } })[])
      .filter(({ reason }) => reason === "PodEvicted")
      .map(({ regarding }) => regarding.uid);

  beforeAll(async () => {
    world = await testEnv();
    const kubeconfig = await installed(world, { podRecovery: { enabled: true } });
    await world.startOperator({ kubeconfig, settings: { mode } });
    await world.source("hub", { username: "ann", password: "first" });
  }, 120_000);
  afterAll(() => world.close());

  it("evicts what its ReplicaSet makes anew with the reference, once, and tells it on the pod", async () => {
    await world.namespaces(["pods-a"]);
    const old = await replicaSet("pods-a", "app", container(image), 2);
    expect(old.map(({ spec }) => spec.imagePullSecrets)).toEqual([undefined, undefined]);
    await stuck(old);
    await world.credential(
      "recovering",
      staticSpec("hub", { namespaces: { include: ["pods-a"] }, podRecovery: "Evict" }),
    );
    await eventually("the old ones are gone", async () => {
      const left = await Promise.all(old.map(isThere));
      return !left.includes(true);
    });
    await eventually("their successors are there", async () => (await pods("pods-a", "app")).length === 2);
    const young = await pods("pods-a", "app");
    expect(young.map(({ spec }) => spec.imagePullSecrets)).toEqual([[{ name: "regcred" }], [{ name: "regcred" }]]);
    await eventually("it is told", async () => (await evictionsIn("pods-a")).length === 2);
    expect(new Set(await evictionsIn("pods-a"))).toEqual(new Set(old.map(({ metadata }) => metadata.uid)));

    // One that cannot pull with the reference is somebody's to look at.
    await stuck(young);
    await world.atRest();
    expect(await Promise.all(young.map(isThere))).toEqual([true, true]);
    expect(await evictionsIn("pods-a")).toHaveLength(2);
    await expect.poll(() => world.condition("recovering", "Ready"), soon).toMatchObject({ status: "True" });
  });

  it("leaves alone what would be no better, and what nobody makes anew", async () => {
    await world.namespaces(["pods-b"]);
    const elsewhere = await replicaSet("pods-b", "elsewhere", container("other.example.com/team/app:1"));
    const explicit = { ...container(image), imagePullSecrets: [{ name: "mine" }] };
    const own = await replicaSet("pods-b", "own", explicit);
    const served = await replicaSet("pods-b", "served", container(image));
    const job = await world.admin.create("/apis/batch/v1/namespaces/pods-b/jobs", {
      metadata: { name: "job" },
      spec: { template: { spec: { ...container(image), restartPolicy: "Never" } } },
    });
    const made = async (name: string, metadata: object): Promise<PodObject> =>
      (await world.admin.create(podsPath("pods-b"), {
        metadata: { name, ...metadata },
        spec: container(image),
      })) as PodObject;
    const owner = { apiVersion: "batch/v1", kind: "Job", name: "job", uid: job.metadata.uid, controller: true };
    const others = [await made("bare", {}), await made("of-job", { ownerReferences: [owner] })];
    const staying = [...elsewhere, ...own, ...others];
    await stuck([...staying, ...served]);
    await world.credential("choosy", staticSpec("hub", { namespaces: { include: ["pods-b"] }, podRecovery: "Evict" }));
    await eventually("the one that is served is evicted", async () => (await evictionsIn("pods-b")).length === 1);
    expect(await evictionsIn("pods-b")).toEqual(served.map(({ metadata }) => metadata.uid));
    expect(await Promise.all(staying.map(isThere))).toEqual(staying.map(() => true));
  });

  it("is asked for by the credential: others' pods stay", async () => {
    await world.namespaces(["pods-c"]);
    const old = await replicaSet("pods-c", "app", container(image));
    await stuck(old);
    await world.credential("quiet", staticSpec("hub", { namespaces: { include: ["pods-c"] } }));
    await eventually("it is referred to", async () => (await world.references("pods-c")).includes("regcred"));
    await world.atRest();
    expect(await Promise.all(old.map(isThere))).toEqual([true]);
    // And are evicted as soon as it asks.
    await world.patchCredential("quiet", { spec: { podRecovery: "Evict" } });
    await eventually("it is evicted", async () => !(await Promise.all(old.map(isThere))).includes(true));
  });
});
