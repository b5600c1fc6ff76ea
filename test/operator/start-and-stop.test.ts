// Does a start wait for what heals by itself, and is a stop final in each of its phases?
import { describe, expect, it } from "vitest";
import { refusal } from "./api-server.ts";
import { type Scene, scene } from "./scene.ts";

const never = new Promise<never>(() => undefined);
const unavailable = refusal(503, "ServiceUnavailable");
const leasesOf = (on: Scene): readonly unknown[] => on.recorded.filter(({ resource }) => resource === "leases");

describe("a start", () => {
  it("waits for an API server that is away, and serves once it answers", async () => {
    const on = scene();
    on.addCredential("acme");
    on.setWeather(() => unavailable);
    const a = on.run("a");
    await on.pass(600);
    expect([a.end(), a.leading()]).toEqual([undefined, false]);
    expect(on.logged.filter((line) => line === "waiting for the API server")).toHaveLength(1);
    // It comes back ever more slowly, to a quarter of a minute and more.
    expect(on.recorded.length).toBeLessThan(120);
    on.setWeather();
    await on.pass(40);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "first" });
    on.isLawful();
  });

  it("waits for an API server that answers before it knows who may do what", async () => {
    const on = scene();
    on.addCredential("acme");
    on.setWeather(({ path, resource }) => {
      if (path === "/readyz") return refusal(500, "InternalError");
      return resource === "selfsubjectaccessreviews" ? { code: 201, body: { status: { allowed: false } } } : undefined;
    });
    const a = on.run("a");
    await on.pass(60);
    expect([a.end(), a.leading()]).toEqual([undefined, false]);
    expect(on.logged.filter((line) => line === "waiting for the API server")).toHaveLength(1);
    expect(on.recorded.filter(({ resource }) => resource === "leases")).toEqual([]);
    on.setWeather();
    await on.pass(40);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "first" });
  });

  it("ends where a right is missing at an API server that is ready", async () => {
    const on = scene();
    on.setWeather(({ resource }) =>
      resource === "selfsubjectaccessreviews" ? { code: 201, body: { status: { allowed: false } } } : undefined,
    );
    const a = on.run("a");
    await on.pass(5);
    expect(a.end()).toMatch(/^the operator may not /);
  });

  it("ends for what only a person can mend", async () => {
    const on = scene();
    on.setWeather(() => refusal(401, "Unauthorized"));
    const a = on.run("a");
    await on.pass(5);
    expect(a.end()).toMatch(/does not accept these credentials/);
  });
});

describe("a stop", () => {
  it.each<[string, Parameters<Scene["setWeather"]>[0]]>([
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
  ])("is final %s: no Lease is left held", async (_when, weather) => {
    const on = scene();
    on.addCredential("acme");
    on.setWeather(weather);
    const a = on.run("a");
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 1 }));
    await on.pass(1);
    on.setWeather();
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

  it("during the checks asks for no Lease at all, though they end well", async () => {
    const on = scene();
    const answers = Promise.withResolvers<void>();
    on.setWeather(({ resource }) => (resource === "selfsubjectaccessreviews" ? answers.promise : undefined));
    const a = on.run("a");
    await on.pass(1);
    const stopped = a.stop(Temporal.Duration.from({ seconds: 1 }));
    answers.resolve();
    await on.pass(60);
    await stopped;
    expect(leasesOf(on)).toEqual([]);
  });
});
