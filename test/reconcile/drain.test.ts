// What does the deletion of a credential wait for, and what does it say when that lasts?
import { describe, expect, it } from "vitest";
import { finalizer } from "../../src/api/names.ts";
import type { Failure } from "../../src/errors.ts";
import type { CredentialRecord, SecretRecord, ServiceAccountRecord } from "../../src/plan/snapshot.ts";
import { withoutLogins } from "../../src/plan/terminating-secret.ts";
import { board } from "../../src/reconcile/board.ts";
import type { Context } from "../../src/reconcile/context.ts";
import { drainer } from "../../src/reconcile/drain.ts";
import { encoded } from "../../src/reconcile/secret-wire.ts";
import { fakeClock } from "../fake-clock.ts";
import { unrestricted } from "../mode.ts";
import { credential, namespace, now, secretRecord, serviceAccount } from "../plan/objects.ts";
import { allInReach } from "./all-in-reach.ts";

const never = new AbortController().signal;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const denied: Failure = { reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "policy no" };
const webhook: Failure = { reason: "ApiUnavailable", cause: "Platform", retry: "backoff", message: "webhook hangs" };
const type = "kubernetes.io/dockerconfigjson";

function situation(
  secrets: readonly SecretRecord[],
  accounts: readonly ServiceAccountRecord[] = [],
  { recorded = true, member = true } = {},
) {
  const clock = fakeClock(now);
  const found = board(clock);
  const acme = credential({ finalizers: [finalizer], deletionTimestamp: clock.now() });
  const queued: string[] = [];
  const conditions: string[] = [];
  let released = false;
  let drained = false;
  const written = { metadata: { name: "acme" } };
  const context = {
    clock,
    board: found,
    settings: { namespace: "ops", mode: unrestricted },
    digest: (data: Readonly<Record<string, string>>) => Object.values(data).join(),
    stores: {
      crds: { get: () => undefined },
      credentials: { get: () => undefined, values: () => [], wrote: () => undefined },
      namespaces: { get: () => namespace() },
      pullSecrets: { get: () => secrets[0] },
      serviceAccounts: { values: () => accounts },
    },
    strips: { credential: () => undefined },
    entitlements: {
      namesOf: () => [],
      readable: () => undefined,
      mayHold: () => new Set(secrets.some(({ credentials }) => credentials.includes("acme")) ? ["team-a"] : []),
      drained: () => (drained = true),
    },
    members: { recorded: () => recorded, has: () => member },
    api: {
      patchCredential: () => {
        released = true;
        return Promise.resolve(written);
      },
      patchCredentialStatus: (_name: string, body: Body) => {
        const blocked = body.status.conditions.find((condition) => condition.type === "DrainBlocked");
        if (blocked) conditions.push(`${blocked.reason} ${blocked.message}`);
        return Promise.resolve(written);
      },
    },
    metrics: { publish: () => undefined },
    enqueue: (key: string) => queued.push(key),
    namesSynced: () => true,
    reach: allInReach,
    log: { info: () => undefined, warn: () => undefined },
    events: { publish: () => undefined },
  } as unknown as Context;
  const drain = drainer();
  const record = {
    name: "acme",
    resourceVersion: "1",
    finalizers: [finalizer],
    credential: acme,
  } as unknown as CredentialRecord;
  return {
    clock,
    found,
    queued,
    conditions,
    released: () => released,
    drained: () => drained,
    run: () => drain(context, record, acme, never),
  };
}

interface Body {
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const listed = secretRecord({ credentials: ["acme"], labelled: true, type });
const held = { ...listed, terminating: true };
const referring = serviceAccount({ record: '["regcred"]', references: ["regcred"] });

describe("a deletion", () => {
  it("is over where nothing is left", async () => {
    const it = situation([]);
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it("waits for a Secret that is there, and has it looked at again", async () => {
    const it = situation([listed]);
    for (let second = 0; second < 60; second += 1) {
      await it.run();
      await it.clock.advance(seconds(1));
    }
    expect(it.released()).toBe(false);
    expect(it.queued).toContain("secret/team-a/regcred");
  });

  it.each([
    ["once our logins are out of it", { digest: encoded(withoutLogins) }],
    ["where it cannot be changed", { immutable: true }],
  ])("does not wait for one that somebody's finalizer holds, %s", async (_what, changes) => {
    const it = situation([{ ...held, ...changes }]);
    await it.run();
    expect(it.released()).toBe(true);
  });

  it("waits for one that is held until our logins are out of it", async () => {
    const it = situation([held]);
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("waits ten seconds for references to Secrets that are gone, whoever puts them back, and sees them off later", async () => {
    const it = situation([], [referring]);
    for (let second = 0; second < 10; second += 1) {
      await it.run();
      expect(it.released()).toBe(false);
      await it.clock.advance(seconds(1));
    }
    expect(it.queued).toContain("references/team-a");
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it("waits ten seconds for a Secret that bears our marks and is none of ours, and sees it off later", async () => {
    const it = situation([listed], [], { member: false });
    await it.run();
    expect([it.released(), it.queued]).toEqual([false, ["secret/team-a/regcred"]]);
    await it.clock.advance(seconds(10));
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it("goes by the marks where an earlier release has left no record", async () => {
    const it = situation([listed], [], { member: false, recorded: false });
    await it.run();
    await it.clock.advance(seconds(60));
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("says at once what a person must mend, and waits for it", async () => {
    const it = situation([listed]);
    it.found.setSecret("team-a", "regcred", {
      state: "usable",
      credentials: new Map([["acme", { failures: [denied], notes: [], generation: 3 }]]),
    });
    await it.run();
    expect(it.conditions).toEqual([expect.stringMatching(/^AdmissionDenied .*team-a.*policy no/)]);
    expect(it.queued).toEqual([]);
  });

  it("says whatever else has held it up for ten seconds", async () => {
    const it = situation([listed]);
    it.found.setSecret("team-a", "regcred", {
      state: "leaving",
      credentials: new Map([["acme", { failures: [webhook], notes: [], generation: 3 }]]),
    });
    await it.run();
    expect(it.conditions).toEqual([]);
    await it.clock.advance(seconds(10));
    await it.run();
    expect(it.conditions).toEqual([expect.stringMatching(/^ApiUnavailable .*team-a.*webhook hangs/)]);
  });
});
