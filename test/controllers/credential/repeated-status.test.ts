// Tests of a status that somebody else writes, too, and of what is dropped from it.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { writeStatus } from "../../../src/controllers/credential/apply.ts";
import { type CredentialMemory, memoryOf } from "../../../src/controllers/credential/run.ts";
import { memory } from "../../../src/runtime/queue/memory.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";

const operatorNamespace = "regcred-system";
const status: Status = { operatorNamespace, namespaces: { selected: 1, ready: 1, pending: 0, failed: 0 } };
const record = { name: "acme", resourceVersion: "7" } as CredentialRecord;
const { signal } = new AbortController();

/** One that is written again and again. @param answers what the API server makes of what is written */
function again(answers: (written: Status) => Status = (written) => written) {
  const memories = memory<CredentialMemory>();
  const clock = fakeClock();
  const patches: object[] = [];
  const fights: string[] = [];
  const reported: string[] = [];
  let stands: Status = {};
  const writes = (
    now: Status,
    { isRead = true, ...changes }: Partial<CredentialRecord> & { readonly isRead?: boolean } = {},
  ): Promise<number | undefined> => {
    const stood = { ...record, uid: "one", generation: 1, status: stands, ...changes };
    const place = { record: stood, credential: isRead ? credential({ status: stands }) : undefined };
    const given = {
      settings: { namespace: operatorNamespace },
      runtime: {
        clock,
        metrics: { publish: () => undefined },
        events: { publish: ({ reason }: { readonly reason: string }) => reported.push(reason) },
        log: { warn: () => undefined, info: () => undefined },
      },
      cluster: {
        api: { patchCredentialStatus: async (_name: string, body: object) => patches.push(body) },
        transforms: { credential: () => ({ ...stood, status: answers({ operatorNamespace, ...now }) }) },
        stores: { credentials: { wrote: (written: CredentialRecord) => (stands = written.status ?? {}) } },
      },
      credentials: { statusCache: { contested: (name: string) => fights.push(name) } },
    };
    const run = { context: contextOf(given), ...place, memory: memoryOf(memories, stood) };
    return writeStatus(run, { status: now, failing: [] }, signal);
  };
  const edited = (theirs: Status): void => void (stands = theirs);
  return {
    patches,
    fights,
    reported,
    writes,
    edited,
    stands: () => stands,
    forget: () => memories.forget("acme"),
    /** Until nothing is written for it any more. */
    fought: async (now: Status): Promise<void> => {
      for (let count = 1; count <= 33; count += 1) {
        edited({ operatorNamespace: "elsewhere" });
        await writes(now);
      }
    },
  };
}

describe("a status that somebody else writes, too", () => {
  const ready: Status = { ...status, secretName: "regcred" };
  const failing: Status = {
    ...ready,
    conditions: [
      {
        type: "Ready",
        status: "False",
        reason: "SourceMissing",
        message: "gone",
        observedGeneration: 1,
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ],
  };

  it("is damped after thirty repairs, and told as a fight once it is one", async () => {
    const { fought, patches, writes, fights } = again();
    await fought(ready);
    expect(patches).toHaveLength(32);
    expect(await writes(ready)).toBeGreaterThan(0);
    expect(fights).toEqual(["acme"]);
  });

  it.each<[string, Partial<CredentialRecord>]>([
    ["for another RegistryCredential of its name", { uid: "other" }],
    ["for another spec", { generation: 2 }],
  ])("is damped no longer %s", async (_what, changes) => {
    const { fought, patches, writes } = again();
    await fought(ready);
    expect(await writes(ready, changes)).toBeUndefined();
    expect(patches).toHaveLength(33);
  });

  it("is damped no longer once nothing is known of it any more", async () => {
    const { fought, patches, writes, forget } = again();
    await fought(ready);
    forget();
    expect(await writes(ready)).toBeUndefined();
    expect(patches).toHaveLength(33);
  });

  it("is written at once where the news is our own, which neither is a fight nor ends one", async () => {
    const { fought, patches, writes, edited, fights } = again();
    await fought(ready);
    edited(ready);
    expect(await writes(failing)).toBeUndefined();
    expect([patches.length, fights.length]).toEqual([33, 1]);
    edited({ operatorNamespace: "elsewhere" });
    expect(await writes(failing)).toBeGreaterThan(0);
  });

  it("is nobody's work where it is the API server that leaves out what its schema does not know", async () => {
    const { writes, fights, reported } = again(({ secretName: _unknown, ...kept }) => kept);
    const waits: unknown[] = [];
    for (let count = 1; count <= 40; count += 1) waits.push(await writes(ready));
    expect([waits.every((wait) => wait === undefined), fights, reported]).toEqual([true, [], []]);
  });

  it("tells no condition twice because somebody has taken it away", async () => {
    const { writes, edited, reported } = again();
    await writes(failing);
    edited(status);
    await writes(failing);
    expect(reported).toEqual(["SourceMissing"]);
  });

  it("is known by its own answer, before any watch has told of it", async () => {
    const { writes, stands } = again();
    await writes(ready);
    expect(stands()).toEqual(ready);
  });

  it("is written again where more stands in it than can be read, though that says the same", async () => {
    const { writes, edited, patches } = again();
    edited(ready);
    await writes(ready);
    expect(patches).toEqual([]);
    await writes(ready, { statusDamaged: true });
    expect(patches).toHaveLength(1);
  });

  it("loses what is said no more; of a spec that cannot be read the rest stays", async () => {
    const { writes, edited, patches } = again();
    const metadata = { resourceVersion: "7" };
    edited(ready);
    await writes(status);
    expect(patches).toEqual([{ metadata, status: { ...status, secretName: null } }]);
    edited({ ...ready, observedGeneration: 1 });
    await writes({ ...status, observedGeneration: 2 }, { isRead: false });
    expect(patches[1]).toEqual({ metadata, status: { ...status, observedGeneration: 2 } });
  });

  it("that cannot be read says the same by what is said of it alone", async () => {
    const { writes, edited, patches } = again();
    edited(ready);
    await writes(status, { isRead: false });
    expect(patches).toEqual([]);
  });
});
