// Tests of how long a former name is reported whose Secrets do not go.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { foundIn, renameGraceOf } from "../../../src/controllers/credential/observe.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential, failure, namespace, now, secretRecord } from "../../entitlement/objects.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const acme = credential();
const former = secretRecord({ key: "team-a/old", name: "old", credentials: ["acme"], labelled: true });
const byOwnPolicy = failure({ reason: "AdmissionDenied", cause: "Tenant", byOwnPolicy: true });
const denied = failure({ reason: "AdmissionDenied", cause: "Tenant" });
const immutable = failure({ reason: "SecretConflict", cause: "Tenant" });

function fixture(record: SecretRecord, { member = true, entitled = true } = {}) {
  const clock = fakeClock(now);
  const found = statusCache(clock);
  const queued: string[] = [];
  const context = contextOf({
    runtime: { clock, inSlices: inSlices(clock) },
    credentials: {
      statusCache: found,
      members: { recorded: () => true, has: () => member, holds: () => member },
      index: {
        namesOf: () => [{ secretName: "old", until: now, over: true }],
        mayHold: () => new Set(["team-a"]),
        entitled: () => entitled,
      },
    },
    cluster: {
      stores: {
        namespaces: { get: () => namespace() },
        pullSecrets: {
          get: (key: string) => (key === record.key ? record : undefined),
          look: (key: string) => (key === record.key ? { kind: "there", record } : { kind: "absent" }),
        },
      },
      namesSynced: () => true,
      permissions: { secret: () => failure() },
    },
    grants: { scopeOf: () => ({}) },
    queue: { enqueue: (key: string) => queued.push(key) },
  });
  return {
    finds: (...failures: readonly Failure[]) =>
      found.setSecret("team-a", "old", {
        state: "usable",
        credentials: new Map([["acme", { failures, notes: [], generation: acme.generation }]]),
      }),
    pass: (seconds: number) => clock.advance(Temporal.Duration.from({ seconds })),
    queued,
    reported: async () => (await renameGraceOf(context, acme)).retiring.map(({ secretName }) => secretName),
    comesBack: async () => (await renameGraceOf(context, acme)).nextGraceEnd,
    refused: () => foundIn(context, acme, namespace()).leaving,
  };
}

describe("a former name whose time is over", () => {
  it("is told while a Secret of ours is there, which is looked at again", async () => {
    const { reported, pass, queued } = fixture(former);
    await pass(3_600);
    expect([await reported(), queued]).toEqual([["old"], ["secret/team-a/old"]]);
  });

  it("is told for ten seconds where a Secret only bears our marks, which anybody may write", async () => {
    const { reported, pass, comesBack } = fixture(former, { member: false });
    expect([await reported(), await comesBack()]).toEqual([["old"], 10_000]);
    await pass(10);
    expect([await reported(), await comesBack()]).toEqual([[], undefined]);
  });

  it.each([
    ["has stripped our marks", secretRecord({ key: "team-a/old", name: "old" }), byOwnPolicy],
    ["has made it immutable", { ...former, immutable: true }, immutable],
  ])("is told for ten seconds where the tenant %s", async (_what, record, why) => {
    const { reported, pass, finds } = fixture(record);
    await pass(60);
    finds(why);
    expect(await reported()).toEqual(["old"]);
    await pass(10);
    expect(await reported()).toEqual([]);
  });

  it("is told as long as a policy of the platform keeps a Secret of ours", async () => {
    const { reported, pass, finds } = fixture(former);
    finds(denied);
    await pass(3_600);
    expect(await reported()).toEqual(["old"]);
  });
});

describe("a refused removal", () => {
  it("is told with its namespace, since when it was refused", async () => {
    const { finds, refused } = fixture(former);
    finds(denied);
    expect(refused()).toEqual({
      name: "team-a",
      troubles: [{ failure: denied, since: now, foundAtStart: true }],
    });
  });

  it("is not told of a Secret that only bears our marks: no tenant writes into a status", async () => {
    const { finds, refused } = fixture(former, { member: false, entitled: false });
    finds(denied);
    expect(refused()).toBeUndefined();
  });
});
