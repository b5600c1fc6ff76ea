// Tests that an observation of thousands of namespaces is consistent where the event loop has had other work in between.
import { contextOf } from "../context-of.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../../src/api/registry-credential.ts";
import type { NamespaceRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { counted, renameGraceOf, statusSnapshot, viewsOf } from "../../../src/controllers/credential/observe.ts";
import { noNamespaces } from "../../../src/controllers/credential/plan-types.ts";
import type { ReadableRun } from "../../../src/controllers/credential/run.ts";
import { leftWith } from "../../../src/controllers/credential/observe-left.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { InSlices } from "../../../src/runtime/in-slices.ts";
import { credential, failure, namespace, now, secretRecord, serviceAccount, token } from "../../entitlement/objects.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { allPermitted } from "../all-permitted.ts";

/** This turn had its share of work already. */
const later: InSlices = async (items, each) => {
  await nextTurn();
  for (const item of items) each(item);
};

interface Circumstances {
  readonly entitled?: (name: string) => boolean;
  /** Namespaces that may hold something of it, in which a Secret of ours stands. Default: `team-a`. */
  readonly held?: readonly string[];
  readonly accounts?: readonly ServiceAccountRecord[];
  readonly retired?: readonly object[];
  readonly permissions?: object;
  readonly namespaces?: readonly NamespaceRecord[];
}

function cluster({
  entitled = () => true,
  held = ["team-a"],
  accounts = [],
  retired = [],
  permissions = {},
  namespaces = ["team-a", "team-b"].map((name) => namespace({ name })),
}: Circumstances = {}) {
  const clock = fakeClock(now);
  const found = statusCache(clock);
  const queued: string[] = [];
  const all = new Map(namespaces.map((each) => [each.name, each]));
  const context = contextOf({
    runtime: { clock, inSlices: later },
    settings: { namespace: "ops", mode: unrestricted },
    credentials: {
      statusCache: found,
      index: {
        entitled: (_of: RegistryCredential, { name }: NamespaceRecord) => entitled(name),
        eligible: () => all.values(),
        mayHold: () => new Set(held),
        namesOf: () => retired,
        readable: () => undefined,
        held: () => undefined,
      },
      members: { recorded: () => true, has: () => true, holds: () => true },
    },
    cluster: {
      namesSynced: () => true,
      digest: () => "none",
      permissions: { ...allPermitted, others: () => [], ...permissions },
      stores: {
        crds: { get: () => undefined },
        credentials: { values: () => [] },
        namespaces: Object.assign(
          seen((name: string) => all.get(name)),
          { values: () => all.values() },
        ),
        pullSecrets: seen((key: string) =>
          held.includes(key.split("/")[0] ?? "") ? secretRecord({ key, credentials: ["acme"] }) : undefined,
        ),
        serviceAccounts: { values: () => accounts },
      },
    },
    grants: {
      scopeOf: () => ({ operatorNamespace: "ops", namespace: namespace() }),
      grantKey: () => "grant-a",
      tokens: { token: () => token(), attempts: () => undefined },
    },
    queue: { enqueue: (key: string) => queued.push(key) },
  });
  const denied = (at: string, secretName = "regcred"): void =>
    void found.setSecret(at, secretName, {
      state: "leaving",
      credentials: new Map([["acme", { failures: [failure()], notes: [], generation: 3 }]]),
    });
  return { context, queued, denied };
}

const acme = credential();
const snapshotOf = async (context: Context, of: RegistryCredential) => {
  const run = { context, credential: of, memory: {} } as unknown as ReadableRun;
  const reported = { status: undefined, since: new Map() };
  const { snapshot } = await statusSnapshot(run, {
    reported,
    views: { entries: [], namespaces: noNamespaces },
    denied: undefined,
  });
  return snapshot;
};

describe("of a RegistryCredential", () => {
  it("each namespace that it serves is counted, and each grant there once", async () => {
    const namespaces = ["team-a", "team-b", "other"].map((name) => namespace({ name }));
    const ending = namespace({ name: "team-ending", terminating: true });
    const { context } = cluster({ namespaces: [...namespaces, ending], entitled: (name) => name.startsWith("team-") });
    const { namespaces: found, entries } = viewsOf(context, acme, (await counted(context, acme)).tally);
    expect(found.selected).toBe(2);
    expect(entries).toMatchObject([{ name: "hub", identities: 1, tokens: 1 }]);
  });

  it("no grant is told where nothing may be written", async () => {
    const { context } = cluster({ permissions: { secret: () => failure() } });
    expect(viewsOf(context, acme, (await counted(context, acme)).tally).entries).toMatchObject([
      { name: "hub", identities: 0, tokens: 0 },
    ]);
  });

  it("is told where it could not be taken away", async () => {
    const { context, denied } = cluster({ entitled: () => false });
    denied("team-a");
    const { troubled, failing } = (await counted(context, acme)).tally.namespaces();
    expect([troubled.map(({ examples }) => examples), failing]).toEqual([[["team-a"]], []]);
  });

  it("is told of no namespace that is about to end, which takes it along", async () => {
    const namespaces = [namespace({ terminating: true })];
    const { context, denied } = cluster({ entitled: () => false, namespaces });
    denied("team-a");
    expect((await counted(context, acme)).tally.namespaces().troubled).toEqual([]);
  });

  it("a former name stays told while a Secret of that name stands, which is queued", async () => {
    const retired = [{ secretName: "old", until: now.subtract({ seconds: 1 }), over: true }];
    const { context, queued } = cluster({ retired });
    const { retiring } = await renameGraceOf(context, acme);
    expect([retiring.map(({ secretName }) => secretName), queued]).toEqual([["old"], ["secret/team-a/old"]]);
  });

  describe("a name that it referred to beside its own", () => {
    const former = credential({ status: { extraReferences: ["former", "other"] } });
    const accounts = [
      serviceAccount({ record: '["former"]' }),
      serviceAccount({ record: '["other"]', terminating: true }),
    ];

    it("stays remembered while an account's record has it, but for those that are about to end", async () => {
      const { extraReferences } = await snapshotOf(cluster({ accounts }).context, former);
      expect(extraReferences).toEqual(["former"]);
    });

    it("stays remembered where the accounts of some namespace may not be seen", async () => {
      const permissions = { serviceAccounts: (name: string) => (name === "team-b" ? failure() : undefined) };
      const { extraReferences } = await snapshotOf(cluster({ permissions }).context, former);
      expect(extraReferences).toEqual(["former", "other"]);
    });
  });

  it("in deletion is found what is left: Secrets, and references of accounts", async () => {
    const accounts = [serviceAccount({ namespace: "team-b", record: '["regcred"]' })];
    const { context, queued } = cluster({ accounts });
    const { secrets, harmless } = await leftWith(context, acme);
    expect([[...secrets], [...harmless]]).toEqual([["team-a"], ["team-b"]]);
    expect(queued).toEqual(["secret/team-a/regcred", "references/team-b"]);
  });
});
