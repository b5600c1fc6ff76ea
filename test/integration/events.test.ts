// Tests that the people concerned get an Event of what happened, once, where they look, and no more than that.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { eventually, operatorNamespace, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

interface Event {
  readonly type: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
  };
  readonly series?: { readonly count: number };
}

const login = { username: "ann", password: "first" };
const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });

describe("Events", () => {
  let world: TestEnv;
  let running: RunningOperator;

  beforeAll(async () => {
    world = await testEnv();
    running = await world.startOperator();
  });
  afterAll(() => world.close());

  const eventsIn = async (namespace: string): Promise<readonly Event[]> =>
    (await world.events(namespace)) as readonly (Event & KubeObject)[];
  const about = async (name: string): Promise<readonly Event[]> =>
    (await eventsIn("default")).filter(({ regarding }) => regarding.name === name);
  const ready = (name: string, count: number): Promise<void> =>
    eventually(`${name} has ${count} ready`, async () => {
      const { namespaces } = await world.status(name);
      return (await world.condition(name, "Ready"))?.status === "True" && namespaces?.ready === count;
    });

  it("tell administrators, on the RegistryCredential, what became of it", async () => {
    await world.namespaces(["told-a"]);
    const { metadata } = await world.credential("told", staticSpec("told", { namespaces: { include: ["told-*"] } }));
    await eventually("the trouble is told", async () => (await about("told")).some(({ type }) => type === "Warning"));
    const [warning] = (await about("told")).filter(({ type }) => type === "Warning");
    expect(warning).toMatchObject({
      reason: "SourceMissing",
      action: "Reconcile",
      note: expect.stringContaining(`the source Secret ${operatorNamespace}/told does not exist; create it`),
      reportingController: "regcred.dev/regcred",
      reportingInstance: "test",
      regarding: { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", name: "told", uid: metadata.uid },
    });
    // Which entry, why, and what is left.
    await eventually("the entry's trouble is told", async () =>
      (await about("told")).some(({ note }) => /^entry main: .*; tenants have nothing of it yet$/.test(note)),
    );
    await world.source("told", login);
    await eventually("the recovery is told", async () =>
      (await about("told")).some(({ type, reason }) => type === "Normal" && reason === "Served"),
    );
  });

  it("say nothing of work that goes on by itself", async () => {
    await world.source("quiet", login);
    await world.namespaces(["quiet-a", "quiet-b"]);
    await world.credential("quiet", staticSpec("quiet", { namespaces: { include: ["quiet-*"] } }));
    await ready("quiet", 2);
    await eventually("the end is told", async () => (await about("quiet")).length === 1);
    expect(await about("quiet")).toMatchObject([{ type: "Normal", reason: "Served" }]);
    for (const namespace of ["quiet-a", "quiet-b"]) expect(await eventsIn(namespace)).toEqual([]);
  });

  it("tell tenants in their own namespace, on the Secret that they miss", async () => {
    await world.namespaces(["tenant-a", "tenant-b"]);
    await world.admin.create("/api/v1/namespaces/tenant-a/secrets", {
      metadata: { name: "regcred", labels: { "app.kubernetes.io/managed-by": "Helm" } },
      stringData: { theirs: "yes" },
    });
    await world.source("tenant", login);
    await world.credential("tenant", staticSpec("tenant", { namespaces: { include: ["tenant-*"] } }));
    await eventually("it is told", async () => (await eventsIn("tenant-a")).length > 0);
    expect(await eventsIn("tenant-a")).toMatchObject([
      {
        type: "Warning",
        reason: "SecretConflict",
        note: expect.stringContaining('managed by "Helm"'),
        regarding: { kind: "Secret", name: "regcred", namespace: "tenant-a" },
      },
    ]);
    expect(await eventsIn("tenant-b")).toEqual([]);
    await eventually("administrators hear where", async () =>
      (await about("tenant")).some(({ note }) => note.includes("tenant-a")),
    );
  });

  it("do not become a flood while a source comes and goes, nor over a restart", async () => {
    const namespaces = Array.from({ length: 10 }, (_, index) => `flood-${index}`);
    await world.namespaces(namespaces);
    await world.credential("flood", staticSpec("flood", { namespaces: { include: ["flood-*"] } }));
    await eventually("every tenant is told", async () => {
      const counts = await Promise.all(namespaces.map(async (name) => (await eventsIn(name)).length));
      return counts.every((count) => count === 1);
    });
    for (let round = 0; round < 6; round += 1) {
      await world.source("flood", login);
      await eventually(
        "it is there again",
        async () => (await world.condition("flood", "TokensFresh"))?.status === "True",
      );
      await ready("flood", 10);
      await world.admin.remove(`/api/v1/namespaces/${operatorNamespace}/secrets/flood`);
      await eventually(
        "it is missed",
        async () => (await world.condition("flood", "TokensFresh"))?.reason === "SourceMissing",
      );
    }
    // Tenants kept what they had, so there was nothing to tell them.
    for (const name of namespaces) expect((await eventsIn(name)).length).toBe(1);
    await pause(1);
    const before = await about("flood");
    // One for each thing that there was to say; what was said again is counted in its series.
    expect(before.length).toBeLessThanOrEqual(6);
    expect(new Set(before.map(({ reason, note }) => `${reason} ${note}`)).size).toBe(before.length);
    expect(before.some(({ series }) => series !== undefined)).toBe(true);

    await running.stop();
    running = await world.startOperator();
    await ready("flood", 10);
    await pause(2);
    for (const name of namespaces) expect((await eventsIn(name)).length).toBe(1);
    expect((await about("flood")).length).toBe(before.length);
  });

  it("are whole sentences within the bounds of the API, whatever they are about", async () => {
    const all = (await world.admin.list("/apis/events.k8s.io/v1/events")) as readonly (KubeObject & Event)[];
    const ours = all.filter(({ reportingController }) => reportingController === "regcred.dev/regcred");
    expect(ours.length).toBeGreaterThan(10);
    for (const { note, reason } of ours) {
      expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(note.length).toBeGreaterThan(20);
      expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
      expect(note).not.toMatch(/undefined|\[object|null/);
    }
  });
});
