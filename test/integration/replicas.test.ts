// Tests that there is always one operator at work, and that two never write, whatever becomes of the leader.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { type FaultProxy, faultProxy } from "../cluster/fault-proxy.ts";
import { type Audited, operatorWrites } from "./audit-log.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const clock = systemClock();
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const hub = "registry.example.com";
const leasePath = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/regcred`;

describe("two replicas", () => {
  let world: TestEnv;
  let proxy: FaultProxy;
  let leader: Replica;
  let follower: Replica;
  let round = 0;
  let churned = 0;
  const kubeconfigs: string[] = [];
  const replicas = new Set<Replica>();
  const namespaces: string[] = [];

  const start = async (kubeconfig: string, namespace?: string): Promise<Replica> => {
    const replica = await startReplica(kubeconfig, namespace);
    replicas.add(replica);
    return replica;
  };
  /** Leader and follower as users that the audit log tells apart. */
  const startPair = async (leaderKubeconfig = kubeconfigs[0] ?? ""): Promise<void> => {
    leader = await start(leaderKubeconfig);
    await leader.untilLogged("started");
    follower = await start(kubeconfigs[1] ?? "");
    await eventually("the follower is ready", async () => (await follower.probe("/readyz"))?.status === 200);
  };

  /** New namespaces all the time, until the returned function is called. */
  const churn = (): (() => Promise<void>) => {
    const stop = new AbortController();
    const ended = (async () => {
      while (!stop.signal.aborted) {
        churned += 1;
        const name = `team-new-${churned}`;
        await world.namespaces([name]);
        namespaces.push(name);
        await clock.sleep(Temporal.Duration.from({ milliseconds: 200 }));
      }
    })();
    return async () => {
      stop.abort();
      await ended;
    };
  };
  const rotate = async (): Promise<string> => {
    round += 1;
    const password = `hush-${round}`;
    await world.source("hub", { username: "ann", password });
    return password;
  };
  const isServed = async (name: string, password: string): Promise<boolean> =>
    (await world.logins(name))?.[hub]?.password === password && (await world.references(name)).join() === "regcred";
  const served = (password: string, limit = seconds(30)): Promise<void> =>
    eventually(
      `every namespace has ${password}`,
      async () => {
        for (const name of namespaces) if (!(await isServed(name, password))) return false;
        return true;
      },
      limit,
    );

  /** Writes to what belongs to tenants or tells of them, that the API server took. */
  const taken = async (user: string, after: Temporal.Instant): Promise<readonly Audited[]> =>
    (await operatorWrites(world)).filter(
      (write) =>
        write.user === user &&
        write.code < 300 &&
        write.resource !== "leases" &&
        Temporal.Instant.compare(write.receivedAt, after) > 0,
    );
  const acquiredAt = async (): Promise<Temporal.Instant> => {
    const lease = await world.admin.get(leasePath(operatorNamespace));
    const { acquireTime = "" } = (lease?.["spec"] ?? {}) as { acquireTime?: string };
    return Temporal.Instant.from(acquireTime);
  };
  /** Milliseconds from `since` until the follower leads; printed, because people ask for it. */
  const handOver = async (what: string, since: Temporal.Instant): Promise<number> => {
    const { time } = await follower.untilLogged("leading");
    const took = Math.round(time.since(since).total("milliseconds"));
    process.stdout.write(`hand-over after ${what}: ${took} ms\n`);
    return took;
  };

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    proxy = await faultProxy(world.cluster);
    for (const name of ["replica-a", "replica-b"]) {
      kubeconfigs.push(await world.cluster.kubeconfigFor({ name }));
      await world.admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name }],
      });
    }
    const first = Array.from({ length: 20 }, (_, index) => `team-${index}`);
    await world.namespaces(first);
    namespaces.push(...first);
    await rotate();
    await world.credential("hub", staticSpec("hub"));
  });
  afterEach(async () => {
    for (const { child, exitCode } of replicas) {
      child.kill("SIGKILL");
      await exitCode;
    }
    replicas.clear();
    // As if the dead had been gone for long: the next test need not wait for them.
    await world.admin.remove(leasePath(operatorNamespace));
  });
  afterAll(async () => {
    await proxy.close();
    await world.close();
  });

  it("have one that works, and one that is ready and writes nothing but takes over at once when the first is stopped", async () => {
    await startPair();
    await served(`hush-${round}`);
    expect((await leader.probe("/livez"))?.status).toBe(200);
    expect(await taken("replica-b", Temporal.Instant.fromEpochMilliseconds(0))).toEqual([]);
    expect((await operatorWrites(world)).filter(({ user }) => user === "replica-b")).toEqual([]);
    const end = churn();
    await clock.sleep(seconds(2));
    const since = Temporal.Now.instant();
    leader.child.kill("SIGTERM");
    expect(await handOver("SIGTERM", since)).toBeLessThan(2_000);
    expect(await leader.exitCode).toBe(0);
    await follower.untilLogged("started");
    await end();
    await served(`hush-${round}`);
    expect(await taken("replica-a", await acquiredAt())).toEqual([]);
  });

  it("go on within the Lease's duration and a second when the leader is killed", async () => {
    await startPair();
    const end = churn();
    await clock.sleep(seconds(2));
    const since = Temporal.Now.instant();
    leader.child.kill("SIGKILL");
    const took = await handOver("kill -9", since);
    expect(took).toBeLessThan(16_000);
    expect(took).toBeGreaterThan(12_000);
    await end();
    await served(`hush-${round}`);
  });

  it("keep what is theirs though a tenant names another manager, or strips every mark, while nobody leads", async () => {
    const host = "mirror.example.com";
    const hosts = async (name: string): Promise<string> =>
      Object.keys((await world.logins(name)) ?? {})
        .toSorted()
        .join(" ");
    const [named = "", stripped = ""] = namespaces;
    await world.credential("mirror", staticSpec("hub", { hosts: [host] }));
    await startPair();
    for (const name of [named, stripped])
      await eventually(`${name} has both`, async () => (await hosts(name)) === `${host} ${hub}`);
    leader.child.kill("SIGKILL");
    await leader.exitCode;
    const label = { "app.kubernetes.io/managed-by": "me" };
    await world.admin.patch(`/api/v1/namespaces/${named}/secrets/regcred`, { metadata: { labels: label } });
    await world.admin.patch(`/api/v1/namespaces/${stripped}/secrets/regcred`, {
      metadata: { labels: label, annotations: null },
    });
    const password = await rotate();
    await follower.untilLogged("leading");
    await served(password);
    await world.deleteCredential("mirror");
    for (const name of [named, stripped]) {
      await eventually(`${name} has lost what is taken back`, async () => (await hosts(name)) === hub);
      expect((await world.secret(name))?.metadata.labels).toMatchObject({ "app.kubernetes.io/managed-by": "regcred" });
    }
    const events = (await Promise.all(["default", named, stripped].map((name) => world.events(name)))).flat();
    expect(events.filter(({ reason }) => reason === "SecretConflict")).toEqual([]);
  });

  it("never write both when the leader stood still: what it sends when it wakes up is refused, or repaired in five seconds", async () => {
    await startPair();
    const end = churn();
    await rotate();
    await clock.sleep(Temporal.Duration.from({ milliseconds: 150 }));
    const since = Temporal.Now.instant();
    leader.child.kill("SIGSTOP");
    expect(await leader.probe("/livez")).toBeUndefined();
    expect(await handOver("SIGSTOP", since)).toBeLessThan(16_000);
    const password = await rotate();
    await end();
    await served(password);
    const acquired = await acquiredAt();
    expect(await taken("replica-a", acquired)).toEqual([]);
    leader.child.kill("SIGCONT");
    expect(await leader.exitCode).toBe(1);
    expect(leader.complaint()).toMatch(/^error: the lease is lost: .+; nothing more is written/);
    await served(password, seconds(5));
    const late = await taken("replica-a", acquired);
    process.stdout.write(`late writes that were taken: ${late.length}\n`);
    await clock.sleep(seconds(5));
    await served(password, seconds(1));
  });

  it("never write both when the leader was cut off, though what it sent arrives once the network is back", async () => {
    await startPair(proxy.kubeconfig);
    await served(`hush-${round}`);
    // The leader sees everything, and has its writes on the way, when it is cut off.
    const before = proxy.count().writes;
    proxy.inject({ kind: "late" }, "writes");
    await rotate();
    const late = Array.from({ length: 12 }, (_, index) => `team-late-${index}`);
    await world.namespaces(late);
    namespaces.push(...late);
    await eventually("they are", () => Promise.resolve(proxy.count().writes > before + late.length));
    const since = Temporal.Now.instant();
    proxy.inject({ kind: "late" }, "all");
    const end = churn();
    expect(await handOver("a partition", since)).toBeLessThan(16_000);
    expect(await leader.exitCode).toBe(1);
    expect(leader.complaint()).toContain("it could not be renewed within 10 s");
    const password = await rotate();
    await end();
    await served(password);
    // What the leader has told since is the answer to what the other still wants to tell.
    const reported = async (): Promise<boolean> => (await world.status("hub")).namespaces?.ready === namespaces.length;
    await eventually("the status tells of all of them", reported);
    proxy.heal();
    await eventually("what was late has arrived", () => Promise.resolve(proxy.late.length > 0));
    await served(password, seconds(5));
    await clock.sleep(seconds(3));
    await served(password, seconds(1));
    // An Event says what was true when it was sent.
    const writes = proxy.late.filter(({ method, path }) => method !== "GET" && !/\/(?:leases|events)/.test(path));
    process.stdout.write(`late writes: ${writes.map(({ code }) => code).join(" ")}\n`);
    expect(writes.length).toBeGreaterThan(10);
    expect(writes.filter(({ code }) => code < 300)).toEqual([]);
  });

  it("take away a Secret that arrives after the drain of its RegistryCredential", async () => {
    leader = await start(kubeconfigs[0] ?? "");
    await world.namespaces(["crew-late"]);
    await world.credential("gone", staticSpec("hub", { namespaces: { include: ["crew-late"] } }));
    await eventually("it is served", async () => (await world.logins("crew-late")) !== undefined);
    const object = await world.secret("crew-late");
    await world.deleteCredential("gone");
    expect(await world.secret("crew-late")).toBeUndefined();
    const { name, labels, annotations } = object?.metadata ?? { name: "" };
    await world.admin.create("/api/v1/namespaces/crew-late/secrets", {
      ...object,
      metadata: { name, labels, annotations },
    });
    await eventually("it is gone", async () => (await world.secret("crew-late")) === undefined, seconds(5));
  });

  it("of another install say so, are not ready, write nothing, and take over when the first is stopped", async () => {
    await world.admin.create("/api/v1/namespaces", { metadata: { name: "elsewhere" } });
    leader = await start(kubeconfigs[0] ?? "");
    await leader.untilLogged("started");
    await eventually("it has signed", async () => (await world.status("hub")).operatorNamespace === operatorNamespace);
    const second = await start(kubeconfigs[1] ?? "", "elsewhere");
    const since = Temporal.Now.instant();
    expect(await second.untilLogged("another install serves this cluster")).toMatchObject({
      namespace: operatorNamespace,
    });
    const blocker = `another install of regcred serves this cluster, in namespace ${operatorNamespace}: remove one of the two\n`;
    await eventually("it says so to the kubelet", async () => (await second.probe("/readyz"))?.text === blocker);
    expect((await second.probe("/readyz"))?.status).toBe(503);
    expect((await second.probe("/livez"))?.status).toBe(200);
    // A tenant's own Lease of that name is nothing to anybody.
    await world.admin.create("/apis/coordination.k8s.io/v1/namespaces/team-0/leases", {
      metadata: { name: "regcred" },
      spec: { holderIdentity: "tenant", leaseDurationSeconds: 3600, renewTime: "2026-01-01T00:00:00.000000Z" },
    });
    await rotate();
    await served(`hush-${round}`);
    expect(await taken("replica-b", since)).toEqual([]);
    leader.child.kill("SIGTERM");
    expect(await leader.exitCode).toBe(0);
    await second.untilLogged("started");
    await eventually("it has signed", async () => (await world.status("hub")).operatorNamespace === "elsewhere");
    await eventually("it is ready", async () => (await second.probe("/readyz"))?.status === 200);
    second.child.kill("SIGTERM");
    expect(await second.exitCode).toBe(0);
  });

  it("of two installs that start at once are one that serves and one that stands by", async () => {
    await world.admin.patch("/apis/regcred.dev/v1alpha1/registrycredentials/hub/status", {
      status: { operatorNamespace: null },
    });
    const both = await Promise.all([start(kubeconfigs[0] ?? ""), start(kubeconfigs[1] ?? "", "elsewhere")]);
    await eventually("one stands by", () =>
      Promise.resolve(both.some((each) => each.log().some(({ msg }) => msg === "another install serves this cluster"))),
    );
    await clock.sleep(seconds(5));
    expect(both.filter((each) => each.log().some(({ msg }) => msg === "started"))).toHaveLength(1);
  });
});
