// Tests that what a status says outlives the operator, and that nothing is believed of it that cannot be.
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import { statusError } from "./api-server.ts";
import type { Faults } from "./played-pools.ts";
import { ops, type Fixture, fixture, reported } from "./fixture.ts";

const statusOf = (on: Fixture, name = "acme"): Status => on.server.get("registrycredentials", name)?.["status"] ?? {};
const statusWrites = (on: Fixture, from: number): readonly string[] =>
  reported(on.writes().slice(from)).filter((each) => each.includes("registrycredentials"));
const foreign = (namespace: string): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace, name: "regcred" },
  type: "Opaque",
  data: {},
});
const policy: Faults = ({ method, resource, namespace }) =>
  method === "DELETE" && resource === "secrets" && namespace === "team-a"
    ? statusError(
        403,
        "Forbidden",
        {},
        "ValidatingAdmissionPolicy 'no-deletes' with binding 'all' denied request: not here",
      )
    : undefined;

/** Everything that can fail without an end: a source, a conflict, a login that cannot be renewed. */
async function failing(): Promise<Fixture> {
  const on = fixture({ namespaces: ["team-a", "team-b", "team-c"] });
  on.addSource("lost", "lost");
  on.addCredential("acme");
  on.addCredential("lost", {}, { host: "lost.example.com", source: "lost" });
  on.addCredential("never", {}, { host: "never.example.com", source: "never" });
  on.server.create(foreign("team-b"));
  return on;
}

describe("a restart while something fails", () => {
  it("writes no status, and tells each failure as old as it is", async () => {
    const on = await failing();
    const first = on.run("a");
    await on.pass(5);
    on.server.remove("secrets", `${ops}/lost`);
    await on.pass(120);
    const before = ["acme", "lost", "never"].map((name) => statusOf(on, name));
    expect(before.map(({ failures }) => failures?.map(({ reason }) => reason))).toEqual([
      ["SecretConflict"],
      ["SecretConflict"],
      ["SourceMissing", "SecretConflict"],
    ]);
    expect(before[1]?.registries?.[0]).toMatchObject({ state: "Failing", reason: "SourceMissing" });
    await on.stop(first);
    await on.pass(3_600);
    const count = on.writes().length;
    on.run("b");
    await on.pass(180);
    expect(statusWrites(on, count)).toEqual([]);
    expect(["acme", "lost", "never"].map((name) => statusOf(on, name))).toEqual(before);
    on.isLawful();
  });

  it("writes no status of a held removal, nor of a spec that cannot be read", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `team-${index}`);
    const on = fixture({ namespaces: names });
    on.addCredential("acme");
    const first = on.run("a");
    await on.pass(10);
    on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["temm-*"] } } });
    await on.pass(10);
    expect(statusOf(on).conditions?.some(({ type }) => type === "RemovalHeld")).toBe(true);
    await on.stop(first);
    await on.pass(600);
    const count = on.writes().length;
    on.run("b");
    await on.pass(120);
    expect(statusWrites(on, count)).toEqual([]);
    expect(on.logins("team-3")).toBeDefined();
  });

  it("writes no status of a deletion that a policy blocks, and the Secret that it keeps holds no login", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addCredential("acme");
    const first = on.run("a");
    await on.pass(3);
    on.setFaults(policy);
    on.server.remove("registrycredentials", "acme");
    await on.pass(30);
    const before = statusOf(on);
    expect(before.conditions?.find(({ type }) => type === "DrainBlocked")).toMatchObject({
      reason: "AdmissionDenied",
      message: expect.stringMatching(/team-a.*no-deletes/),
    });
    expect([on.logins("team-a"), on.logins("team-b"), on.references("team-a")]).toEqual([{}, undefined, []]);
    await on.stop(first);
    await on.pass(600);
    const count = on.writes().length;
    on.run("b");
    await on.pass(120);
    expect([statusWrites(on, count), statusOf(on)]).toEqual([[], before]);
    on.setFaults();
    await on.pass(400);
    expect([on.server.get("registrycredentials", "acme"), on.logins("team-a")]).toEqual([undefined, undefined]);
  });
});

describe("a status that somebody has edited", () => {
  const nonsense = {
    observedGeneration: 1,
    secretName: "elsewhere",
    namespaces: { selected: 9, ready: 9, pending: 9, failed: 9 },
    expires: "never ever",
    conditions: [
      { type: "Ready", status: "True", reason: "X", message: "", lastTransitionTime: "2099-01-01T00:00:00Z" },
      { type: "Odd", status: "Unknown", reason: "X", message: "", lastTransitionTime: "1970-01-01T00:00:00Z" },
    ],
    failures: [
      { reason: "SecretConflict", cause: "Tenant", count: 7, oldestSince: "1970-01-01T00:00:00Z", examples: [] },
      { reason: "Odd", cause: "Tenant", count: 7, oldestSince: "2099-01-01T00:00:00Z", examples: ["x"] },
    ],
    retiring: [],
  };

  it.each(["while the operator runs", "while it does not"])(
    "is as it was before, %s, and nobody loses anything",
    async (when) => {
      const on = await failing();
      const first = on.run("a");
      await on.pass(60);
      const before = statusOf(on);
      if (when === "while it does not") await on.stop(first);
      on.server.patch("registrycredentials", "acme", { status: nonsense });
      const login = on.logins("team-a");
      if (when === "while it does not") on.run("b");
      await on.pass(120);
      const { retiring, failures, conditions, ...rest } = statusOf(on);
      expect(rest).toEqual({ ...before, retiring: undefined, failures: undefined, conditions: undefined });
      expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual(
        before.conditions?.map(({ type, status, reason }) => [type, status, reason]),
      );
      for (const { lastTransitionTime } of conditions ?? []) expect(lastTransitionTime < "2026-01-02").toBe(true);
      expect(failures).toMatchObject([{ reason: "SecretConflict", count: 1, examples: ["team-b"] }]);
      expect(failures?.[0]?.oldestSince.startsWith("2026-01-01")).toBe(true);
      // A name that was told is kept for an hour, as after a rename: no Secret of it is anybody's.
      expect(retiring?.every(({ secretName }) => secretName === "elsewhere")).toBe(true);
      expect(on.logins("team-a")).toEqual(login);
      const isRemembered = when === "while the operator runs";
      expect(failures).toEqual(isRemembered ? before.failures : failures);
      on.isLawful();
    },
  );
});
