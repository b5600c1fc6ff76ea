// Tests that a start waits for what heals by itself, and that a stop is final in each of its phases.
import { describe, expect, it } from "vitest";
import { withFreePort } from "../cluster/free-port.ts";
import { statusError } from "./api-server.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const never = new Promise<never>(() => undefined);
const unavailable = statusError(503, "ServiceUnavailable");
const leasesOf = (on: Fixture): readonly unknown[] => on.recorded.filter(({ resource }) => resource === "leases");

describe("a start", () => {
  it("waits for an API server that is away, and serves once it answers", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults(() => unavailable);
    const a = on.run("a");
    await on.pass(600);
    expect([a.end(), a.leading()]).toEqual([undefined, false]);
    expect(on.logged.filter((line) => line === "waiting for the API server")).toHaveLength(1);
    // It comes back ever more slowly, to a quarter of a minute and more.
    expect(on.recorded.length).toBeLessThan(120);
    on.setFaults();
    await on.pass(40);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "first" });
    on.isLawful();
  });

  it("waits for an API server that answers before it knows who may do what", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults(({ path, resource }) => {
      if (path === "/readyz") return statusError(500, "InternalError");
      return resource === "selfsubjectaccessreviews" ? { code: 201, body: { status: { allowed: false } } } : undefined;
    });
    const a = on.run("a");
    await on.pass(60);
    expect([a.end(), a.leading()]).toEqual([undefined, false]);
    expect(on.logged.filter((line) => line === "waiting for the API server")).toHaveLength(1);
    expect(on.recorded.filter(({ resource }) => resource === "leases")).toEqual([]);
    on.setFaults();
    await on.pass(40);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "first" });
  });

  it("ends where a right is missing at an API server that is ready", async () => {
    const on = fixture();
    on.setFaults(({ resource }) =>
      resource === "selfsubjectaccessreviews" ? { code: 201, body: { status: { allowed: false } } } : undefined,
    );
    const a = on.run("a");
    await on.pass(5);
    expect(a.end()).toMatch(/^the operator may not /);
  });

  it("ends for what only a person can mend", async () => {
    const on = fixture();
    on.setFaults(() => statusError(401, "Unauthorized"));
    const a = on.run("a");
    await on.pass(5);
    expect(a.end()).toMatch(/does not accept these credentials/);
  });
});

describe("a stop", () => {
  it.each<[string, Parameters<Fixture["setFaults"]>[0]]>([
    ["while the API server is away", () => unavailable],
    [
      "while the API server starts",
      ({ path, resource }) => {
        if (path === "/readyz") return unavailable;
        return resource === "selfsubjectaccessreviews"
          ? { code: 201, body: { status: { allowed: false } } }
          : undefined;
      },
    ],
    [
      "while it asks whether the API server is ready",
      ({ path, resource }) => {
        if (path === "/readyz") return never;
        return resource === "selfsubjectaccessreviews"
          ? { code: 201, body: { status: { allowed: false } } }
          : undefined;
      },
    ],
    ["during the checks", ({ resource }) => (resource === "selfsubjectaccessreviews" ? never : undefined)],
    ["while the stores fill", ({ resource }) => (resource === "namespaces" ? never : undefined)],
    ["while it runs for leader", ({ resource }) => (resource === "leases" ? never : undefined)],
  ])("is final %s: no Lease is left held", async (_when, faults) => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults(faults);
    const a = on.run("a");
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 1 }));
    await on.pass(1);
    on.setFaults();
    await on.pass(60);
    await stopped;
    expect(a.leading()).toBe(false);
    const lease = on.server.get("leases", "regcred-system/regcred");
    expect((lease?.["spec"] as { readonly holderIdentity?: string } | undefined)?.holderIdentity ?? "").toBe("");
    const before = on.recorded.length;
    await on.pass(120);
    expect(on.recorded).toHaveLength(before);
    expect(on.writes()).toEqual([]);
    expect(on.clock.scheduled()).toBe(0);
    on.isLawful();
  });

  it("in the moment in which all is known begins no work", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a", { leaderElection: false });
    let stopped: Promise<void> | undefined;
    void a.started.then(() => (stopped = a.stop(Temporal.Duration.from({ seconds: 1 }))));
    await on.pass(120);
    await stopped;
    expect(stopped).toBeDefined();
    expect([on.writes(), on.logged.includes("started"), a.leading()]).toEqual([[], false, false]);
    expect(on.clock.scheduled()).toBe(0);
  });

  it("of who leads leaves no timer and no call behind", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(100);
    expect(a.leading()).toBe(true);
    await on.stop(a);
    const calls = on.recorded.length;
    expect(on.clock.scheduled()).toBe(0);
    await on.pass(600);
    expect(on.recorded).toHaveLength(calls);
    on.isLawful();
  });

  it("is no failure, whoever takes the Lease meanwhile", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(10);
    on.setFaults(({ method, namespace }) => (method === "PUT" && namespace === "team-a" ? never : undefined));
    on.server.patch("secrets", "team-a/regcred", { metadata: { labels: null } });
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 10 }));
    on.server.patch("leases", `${ops}/regcred`, { spec: { holderIdentity: "thief" } });
    await on.pass(60);
    await stopped;
    expect([a.end(), a.leading(), on.logged.includes("lease lost")]).toEqual([undefined, false, true]);
    const lease = on.server.get("leases", `${ops}/regcred`)?.["spec"] as { readonly holderIdentity?: string };
    expect(lease.holderIdentity).toBe("thief");
  });

  it("asks no more whether another install serves the cluster", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(10);
    on.setFaults(({ method, namespace }) => (method === "PUT" && namespace === "team-a" ? never : undefined));
    on.server.patch("secrets", "team-a/regcred", { metadata: { labels: null } });
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 10 }));
    await on.pass(1);
    on.server.patch("registrycredentials", "acme", { status: { operatorNamespace: "elsewhere" } });
    await on.pass(60);
    await stopped;
    expect(on.recorded.filter(({ namespace }) => namespace === "elsewhere")).toEqual([]);
  });

  it("closes the egress, its connections, and what it answers probes with", async () => {
    await withFreePort(async (port) => {
      const on = fixture();
      const probe = (): Promise<boolean> =>
        fetch(`http://127.0.0.1:${port}/livez`).then(
          () => true,
          () => false,
        );
      const a = on.run("a", { settings: { healthAddress: { host: "127.0.0.1", port } } });
      for (let attempt = 0; attempt < 500 && !(await probe()); attempt += 1) await on.clock.advance();
      expect(await probe()).toBe(true);
      await on.pass(5);
      expect(on.logged).not.toContain("network closed");
      const stopped = a.stop(Temporal.Duration.from({ seconds: 1 }));
      await on.pass(5);
      await stopped;
      expect(on.logged).toContain("network closed");
      expect([await probe(), on.closed]).toEqual([false, ["a"]]);
    });
  });

  it("during the checks asks for no Lease at all, though they end well", async () => {
    const on = fixture();
    const answers = Promise.withResolvers<void>();
    on.setFaults(({ resource }) => (resource === "selfsubjectaccessreviews" ? answers.promise : undefined));
    const a = on.run("a");
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 1 }));
    answers.resolve();
    await on.pass(60);
    await stopped;
    expect(leasesOf(on)).toEqual([]);
  });
});

it("a stop stores who uses a token though they were still being gathered", async () => {
  const on = fixture();
  on.addCredential("acme");
  const a = on.run("a");
  await on.pass(30);
  const users = (): number => {
    const [stored] = on.server.list("secrets").filter(({ metadata: { name } }) => name.startsWith("regcred-token-"));
    const data = stored?.["data"] as Readonly<Record<string, string>> | undefined;
    const { makers = [] } = JSON.parse(atob(data?.["token.json"] ?? "")) as { readonly makers?: readonly unknown[] };
    return makers.length;
  };
  on.addCredential("second", {}, { host: "other.example.com" });
  await on.pass(0.5);
  expect([on.logins("team-a"), users()]).toEqual([
    { "https://index.docker.io/v1/": "first", "other.example.com": "first" },
    1,
  ]);
  await on.stop(a);
  expect(users()).toBe(2);
});
