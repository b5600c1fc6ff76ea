// Tests that a replica writes only while it is certain to lead, and in an order in which all of it is found again.
import { describe, expect, it } from "vitest";
import { undisputed } from "../../src/operator/leadership.ts";
import { statusError } from "./api-server.ts";
import { ops, type Fixture, fixture, reported } from "./fixture.ts";

const leasePlace = `${ops}/regcred`;
const never = new Promise<never>(() => undefined);
const holderOf = (on: Fixture, place = leasePlace): string =>
  String((on.server.get("leases", place)?.["spec"] as { readonly holderIdentity?: string })?.holderIdentity);
/** Somebody holds the Lease, and shows no sign of life after this. */
const hold = (on: Fixture, holderIdentity: string, namespace = ops): void => {
  const spec = { holderIdentity, leaseDurationSeconds: 15, renewTime: on.clock.now().toString() };
  on.server.create({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { namespace, name: "regcred" },
    spec,
  });
};
/** A tenant strips its Secret again and again, so that there is always something to write. */
const keepStripping = (on: Fixture, namespace = "team-a"): (() => void) => {
  let stopped = false;
  const transform = (): void => {
    if (stopped) return;
    if (on.server.get("secrets", `${namespace}/regcred`)) on.server.remove("secrets", `${namespace}/regcred`);
    on.clock.schedule(Temporal.Duration.from({ milliseconds: 300 }), transform);
  };
  transform();
  return () => (stopped = true);
};
const lastWriteAt = (on: Fixture, by: string): number => on.writes(by).at(-1)?.at ?? Number.NaN;

describe("a replica", () => {
  it("takes the Lease, claims the cluster, binds the RegistryCredential, keeps its record and the token, then serves", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(3);
    expect(reported(on.writes())).toEqual([
      "PATCH registrycredentials/acme/status",
      "PATCH registrycredentials/acme",
      expect.stringMatching(/^POST secrets\/regcred-members-/),
      "PATCH registrycredentials/acme/status",
      expect.stringMatching(/^POST secrets\/regcred-token-/),
      "POST secrets/regcred",
      "PATCH serviceaccounts/default",
      "PATCH registrycredentials/acme/status",
      expect.stringMatching(/^PUT secrets\/regcred-members-/),
    ]);
    on.isLawful();
  });

  it("writes nothing while another one holds the Lease, and goes on once that is silent", async () => {
    const on = fixture();
    on.addCredential("acme");
    hold(on, "gone_1");
    const a = on.run("a");
    await on.pass(14);
    expect([a.leading(), on.writes(), on.logged]).toEqual([false, [], ["standing by"]]);
    await on.pass(6);
    expect([a.leading(), on.logins("team-a")]).toEqual([true, { "https://index.docker.io/v1/": "first" }]);
    on.isLawful();
  });

  it("that leads makes the Lease anew at once where somebody deletes it, and goes on", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(5);
    on.server.remove("leases", leasePlace);
    await on.pass(0.1);
    expect(holderOf(on).slice(0, 2)).toBe("a_");
    await on.pass(20);
    expect([a.leading(), on.logged.filter((each) => /^lead|^lease/.test(each))]).toEqual([true, ["leading"]]);
    on.isLawful();
  });

  it("writes nothing any more once another one stands in the Lease, and ends", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(5);
    const stop = keepStripping(on);
    await on.pass(1);
    const before = on.writes().length;
    on.server.patch("leases", leasePlace, { spec: { holderIdentity: "b_1" } });
    await on.pass(20);
    stop();
    expect(before).toBeGreaterThan(10);
    expect([on.writes().length, a.leading(), a.end()]).toEqual([
      before,
      false,
      expect.stringMatching(/b_1 has taken it/),
    ]);
    on.isLawful();
  });

  it("writes nothing from ten seconds after the last renewal on, and lets no write last longer than the lease", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(5);
    const stop = keepStripping(on);
    on.setFaults(({ resource }) => (resource === "leases" ? never : undefined));
    const renewedAt =
      on.recorded.findLast(({ resource, method }) => resource === "leases" && method === "PUT")?.at ?? 0;
    await on.pass(30);
    stop();
    expect(lastWriteAt(on, "a") - renewedAt).toBeGreaterThan(8_000);
    expect(lastWriteAt(on, "a") - renewedAt).toBeLessThan(10_000);
    expect(a.end()).toMatch(/could not be renewed/);
    expect(on.logged).toContain("lease not reached");
    on.isLawful();
  });

  it("sends no write that has waited for a connection until the lease was lost", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(5);
    const connection = Promise.withResolvers<void>();
    on.setFaults(({ resource, method }) =>
      resource === "leases" && method !== "GET"
        ? never
        : resource === "secrets" && method === "PUT"
          ? connection.promise
          : undefined,
    );
    on.server.patch("secrets", "team-a/regcred", { metadata: { labels: null } });
    await on.pass(1);
    const before = on.writes().length;
    // A machine that slept: only the wall clock tells.
    on.clock.step(Temporal.Duration.from({ seconds: 11 }));
    connection.resolve();
    await on.pass(1);
    expect(on.writes().length).toBe(before);
  });

  it("hands over when it is stopped: runs end first, then the record is kept, then the Lease goes, and then the next one writes", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    on.run("b");
    await on.pass(5);
    on.addNamespace("team-b");
    const slow = Promise.withResolvers<void>();
    on.setFaults(({ by, resource, method, namespace }) =>
      by === "a" && resource === "secrets" && method === "POST" && namespace === "team-b" ? slow.promise : undefined,
    );
    await on.pass(0.1);
    const stop = keepStripping(on);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 20 }));
    await on.pass(3);
    expect([holderOf(on).slice(0, 2), on.writes("b")]).toEqual(["a_", []]);
    slow.resolve();
    await on.pass(1);
    stop();
    await stopped;
    await on.pass(4);
    expect(holderOf(on).slice(0, 2)).toBe("b_");
    const [release, record] = [
      on.recorded.findLastIndex(({ by, resource, method }) => by === "a" && resource === "leases" && method === "PUT"),
      on.recorded.findLastIndex(({ by, name }) => by === "a" && name?.startsWith("regcred-members-")),
    ];
    const ofA = on.recorded.findLastIndex(
      ({ by, method, resource }) => by === "a" && method !== "GET" && resource !== "leases",
    );
    const ofB = on.recorded.findIndex(
      ({ by, method, resource }) =>
        by === "b" && method !== "GET" && !["leases"].includes(resource) && !resource.endsWith("reviews"),
    );
    expect([ofA === record, record < release, release < ofB]).toEqual([true, true, true]);
    expect([on.logins("team-a"), on.logins("team-b")]).toEqual([
      { "https://index.docker.io/v1/": "first" },
      { "https://index.docker.io/v1/": "first" },
    ]);
    on.isLawful();
  });

  it("that stands by writes nothing when it is stopped, and leaves the Lease where it is", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(0.1);
    const b = on.run("b");
    await on.pass(5);
    on.addNamespace("team-b");
    await on.pass(0.05);
    await on.stop(b);
    expect([on.writes("b"), holderOf(on).slice(0, 2)]).toEqual([[], "a_"]);
    on.isLawful();
  });

  it("leaves no timer and writes nothing when it is started anew and nothing has changed", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addCredential("acme");
    await on.pass(0);
    await on.stop(on.run("a"));
    const b = on.run("b");
    await on.pass(60);
    const before = on.writes().length;
    await on.stop(b);
    const c = on.run("c");
    await on.pass(60);
    expect(reported(on.writes().slice(before))).toEqual([]);
    await on.stop(c);
    expect(on.clock.scheduled()).toBe(0);
    on.isLawful();
  });

  it("works without a Lease where it is told to be the only one", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a", { leaderElection: false });
    await on.pass(3);
    expect([on.logins("team-a"), on.server.list("leases")]).toEqual([{ "https://index.docker.io/v1/": "first" }, []]);
    on.isLawful();
    // Or a kubelet would kill it.
    expect(undisputed().stuck()).toBe(false);
  });

  it("does not start, and writes nothing, where the kind is not installed", async () => {
    const on = fixture();
    on.setFaults(({ path }) => (path === "/apis/regcred.dev/v1alpha1" ? statusError(404, "NotFound") : undefined));
    const a = on.run("a");
    await on.pass(30);
    expect([a.end(), on.writes(), on.server.list("leases")]).toEqual([expect.stringMatching(/not installed/), [], []]);
    await on.stop(a);
    expect(on.clock.scheduled()).toBe(0);
  });

  it("begins no work before it knows all that it may see", async () => {
    const on = fixture();
    on.addCredential("acme");
    const list = Promise.withResolvers<void>();
    on.setFaults(({ method, resource }) =>
      method === "GET" && resource === "serviceaccounts" ? list.promise : undefined,
    );
    const a = on.run("a");
    await on.pass(20);
    expect([on.writes(), a.leading()]).toEqual([[], false]);
    list.resolve();
    await on.pass(3);
    expect(on.references("team-a")).toEqual(["regcred"]);
    on.isLawful();
  });
});

describe("of two installs", () => {
  const serving = (on: Fixture): readonly string[] => [...new Set(on.toTenants().map(({ by }) => by))];
  const two = (): Fixture => {
    const on = fixture();
    on.addNamespace("ops-2", {}, []);
    on.addSource("docker-hub", "other", "ops-2");
    on.addCredential("acme");
    on.addCredential("beta", {}, { host: "ghcr.io" });
    return on;
  };

  it.each([
    ["one", ["a", "b"]],
    ["the other", ["b", "a"]],
  ])("that start at once %s serves alone", async (_which, order) => {
    const on = two();
    for (const by of order) on.run(by, by === "b" ? { namespace: "ops-2" } : {});
    await on.pass(60);
    expect(serving(on)).toEqual([order[0]]);
    expect(on.logged).toContain("another install serves this cluster");
    on.isLawful();
  });

  it("the one that claims last, in the moment in which the other has, finds that it has come late", async () => {
    const on = two();
    const late = Promise.withResolvers<void>();
    let isHeld = true;
    on.setFaults(({ by, method, subresource }) =>
      isHeld && by === "a" && method === "PATCH" && subresource === "status" ? late.promise : undefined,
    );
    on.run("a");
    await on.pass(0.1);
    on.run("b", { namespace: "ops-2" });
    await on.pass(2);
    isHeld = false;
    late.resolve();
    await on.pass(30);
    expect(serving(on)).toEqual(["b"]);
    on.isLawful();
  });

  it("the second one serves once the first one's Lease is over", async () => {
    const on = two();
    const a = on.run("a");
    await on.pass(5);
    on.run("b", { namespace: "ops-2" });
    await on.pass(30);
    expect(on.writes("b")).toEqual([]);
    await on.stop(a);
    await on.pass(60);
    expect(on.logins("team-a")).toMatchObject({ "https://index.docker.io/v1/": "other" });
    expect([
      ...new Set(
        on.server
          .list("registrycredentials")
          .map((each) => (each["status"] as { operatorNamespace: string }).operatorNamespace),
      ),
    ]).toEqual(["ops-2"]);
    on.isLawful();
  });

  it("the first one ends when the second, which lives, has been given the cluster", async () => {
    const on = two();
    const a = on.run("a");
    await on.pass(5);
    hold(on, "b_1", "ops-2");
    for (const name of ["acme", "beta"])
      on.server.patch("registrycredentials", name, { status: { operatorNamespace: "ops-2" } });
    await on.pass(1);
    expect(a.end()).toMatch(/another install of regcred has taken this cluster over/);
  });
});
