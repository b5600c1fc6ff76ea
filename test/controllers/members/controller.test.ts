// Tests that the record of members is begun, kept and given up as it should be, whatever the API server answers.
import { contextOf } from "../context-of.ts";
import { controllers } from "../../../src/runtime/queue/controllers.ts";
import { waits } from "../../../src/runtime/queue/waits.ts";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../../fake-clock.ts";
import type { RegistryCredential } from "../../../src/api/registry-credential.ts";
import { tokenFromData } from "../../../src/cluster/token-wire.ts";
import type {
  CredentialRecord,
  NamespaceRecord,
  OperatorSecretRecord,
  SecretRecord,
} from "../../../src/cluster/records.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { membersStore, storeMembers } from "../../../src/controllers/members/apply.ts";
import { membersController } from "../../../src/controllers/members/controller.ts";
import { beginRecord, recordedMembers } from "../../../src/controllers/members/observe.ts";
import { transformOperatorSecret } from "../../../src/cluster/transform/operator-secret.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { membersKey } from "../../../src/controllers/keys.ts";
import { done, requeueAfter, textOfWaited } from "../../../src/controllers/outcome.ts";
import { type MemberRow, rowsPerPart, rowsToData } from "../../../src/cluster/member-rows.ts";
import { allPermitted } from "../all-permitted.ts";
import { credential, failure, frozen, namespace, secretRecord } from "../../entitlement/objects.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const never = new AbortController().signal;
const uid = credential().uid;
const name = `regcred-members-${uid}-0`;

interface Named {
  readonly uid: string;
  readonly resourceVersion: string;
}

interface WireSecret {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

const placeOf = (namespaceUid: string) => ({ namespaceUid, secretName: "regcred" });

interface Start {
  /** Of the record, as it is found. */
  readonly rows?: readonly MemberRow[];
  /** Namespaces; their uids are their names after `n-`. */
  readonly living?: readonly string[];
  /** Not all namespaces are seen. */
  readonly isBlind?: boolean;
}

/** An API server that keeps the record, and an operator that leads. */
function fixture({ rows, living = [], isBlind = false }: Start = {}) {
  const stores = {
    credentials: store<CredentialRecord>(),
    namespaces: store<NamespaceRecord>(),
    pullSecrets: store<SecretRecord>(),
    operatorSecrets: store<OperatorSecretRecord>(),
  };
  const transform = transformOperatorSecret(tokenFromData);
  const feeds = {
    credentials: stores.credentials.feed(),
    namespaces: stores.namespaces.feed(),
    pullSecrets: stores.pullSecrets.feed(),
    operatorSecrets: stores.operatorSecrets.feed(),
  };
  for (const feed of Object.values(feeds)) {
    feed.begin();
    feed.completed("0");
  }
  let version = 0;
  const next = (): string => String((version += 1));
  const kept = new Map<string, WireSecret>();
  const asked: string[] = [];
  let refuses = false;
  let isSynced = true;
  let isPermitted = true;
  /** Secret names of which not all is known yet. */
  const awaited = new Set<string>();
  const versions: unknown[] = [];
  const written = async (body: unknown): Promise<unknown> => {
    if (refuses) throw new Error("refused");
    const { metadata, ...rest } = body as WireSecret;
    versions.push(metadata.resourceVersion);
    const stands = { ...rest, metadata: { ...metadata, namespace: "ops", uid: "u", resourceVersion: next() } };
    kept.set(metadata.name, stands);
    return stands;
  };
  const members = recordedMembers(stores.operatorSecrets);
  const clock = fakeClock();
  const context = contextOf({
    runtime: { clock, inSlices: inSlices(clock) },
    cluster: {
      stores,
      transforms: { operatorSecret: transform },
      namesSynced: (of: string) => isSynced && !awaited.has(of),
      permissions: { ...allPermitted, name: () => (isPermitted ? undefined : failure()) },
      callFailure: () => ({ failure: { reason: "x", cause: "Platform", retry: "backoff", message: "refused" } }),
      api: {
        createSecret: (_namespace: string, body: unknown) => written(body),
        replaceSecret: (_namespace: string, _name: string, body: unknown) => written(body),
        deleteSecret: async (_namespace: string, of: string, { uid: its, resourceVersion }: Named) => {
          if (refuses) throw new Error("refused");
          if (its !== "u" || resourceVersion !== kept.get(of)?.metadata.resourceVersion) throw new Error("conflict");
          kept.delete(of);
        },
      },
    },
    credentials: { members, index: { namesOf: () => [{ secretName: "former" }] } },
    queue: { enqueue: (key: string) => asked.push(key), waits: waits() },
    settings: { namespace: "ops" },
  });
  const put = (each: RegistryCredential): void => {
    const { generation, finalizers, annotations } = each;
    const fields = { key: each.name, name: each.name, uid: each.uid, generation, finalizers, annotations };
    const record = { ...fields, credential: each, deleting: false, problems: [], resourceVersion: next() };
    feeds.credentials.observed(frozen<CredentialRecord>(record));
  };
  for (const of of living) feeds.namespaces.observed(namespace({ name: of, uid: `n-${of}`, resourceVersion: next() }));
  if (isBlind) feeds.namespaces.blind("not-seen");
  if (rows) {
    const metadata = { namespace: "ops", name, uid: "u", resourceVersion: next() };
    const record = transform({ type: "regcred.dev/members", metadata, data: rowsToData(rows) });
    if (record) feeds.operatorSecrets.observed(record);
  }
  controllers({
    ...context.runtime,
    ...context.queue,
    controllers: [membersController(context)],
    waitedFor: [],
  }).begin();
  return {
    clock,
    context,
    asked,
    put,
    kept,
    drop: () => feeds.credentials.vanished("acme", next()),
    refuse: (does: boolean) => (refuses = does),
    sync: (does: boolean) => (isSynced = does),
    permissions: (does: boolean) => (isPermitted = does),
    awaited,
    versions,
    feeds,
    next,
    mark: (of: string, changes: Partial<SecretRecord> = {}): void => {
      feeds.namespaces.observed(namespace({ name: of, resourceVersion: next() }));
      const identity = { key: `${of}/regcred`, namespace: of, uid: `secret-${of}`, resourceVersion: next() };
      feeds.pullSecrets.observed(secretRecord({ ...identity, labelled: true, credentials: ["acme"], ...changes }));
    },
    lines: () =>
      Buffer.from(kept.get(name)?.data?.["regcred"] ?? "", "base64")
        .toString()
        .trim()
        .split("\n"),
  };
}

const note = ({ credentials: { members } }: Context, of: string): void =>
  members.note(placeOf(of), { secretUid: "s", merged: false, credentials: [uid] });

describe("a stored part of the record", () => {
  const rows = [{ ...placeOf("n-1"), secretUid: "s-1", merged: false, former: false }];
  const partOf = (resourceVersion: string): OperatorSecretRecord | undefined =>
    transformOperatorSecret(tokenFromData)({
      type: "regcred.dev/members",
      metadata: { namespace: "ops", name, uid: "u", resourceVersion },
      data: rowsToData(rows),
    });

  it("keeps no lines once it has been followed, and says the same however often it is told", async () => {
    const secrets = store<OperatorSecretRecord>();
    const members = recordedMembers(secrets);
    const feed = secrets.feed();
    const [first, next] = [partOf("1"), partOf("2")];
    if (!first || !next) throw new Error("no part");
    feed.observed(first);
    expect(first).toMatchObject({ kind: "members", data: undefined });
    // What somebody else has written meanwhile is told once more, as it stands.
    await secrets.send(first.key, "us", async () => {
      feed.observed(next);
      return undefined;
    });
    expect([...members.namespaces(uid)]).toEqual(["n-1"]);
    // A list of all begins anew.
    feed.begin();
    const listed = partOf("2");
    if (listed) feed.observed(listed);
    feed.completed("2");
    expect([...members.namespaces(uid)]).toEqual(["n-1"]);
    feed.vanished(first.key, "3");
    expect([...members.namespaces(uid)]).toEqual([]);
  });
});

describe("the record of a RegistryCredential", () => {
  it("is begun when it is first looked at, without asking what stands on Secrets", async () => {
    const { context, put, mark, asked, kept } = fixture();
    const acme = credential();
    put(acme);
    mark("evil");
    expect(beginRecord(context, acme)).toBe(true);
    expect([[...new Set(asked)], [...context.credentials.members.namespaces(uid)]]).toEqual([[`members/${uid}`], []]);
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect(kept.get(name)).toMatchObject({ type: "regcred.dev/members", data: {} });
  });

  it("is not begun from marks where an earlier release had told of the spec as it is", () => {
    const { context, put, mark } = fixture();
    const settled = credential({ status: { secretName: "regcred", observedGeneration: 3 } });
    put(settled);
    mark("evil");
    beginRecord(context, settled);
    expect(context.credentials.members.count(uid)).toBe(0);
  });

  it("is begun from marks where the spec has changed since an earlier release told of it, once all are known", () => {
    const { context, put, mark, sync } = fixture();
    const changed = credential({ status: { secretName: "regcred", observedGeneration: 2 } });
    put(changed);
    mark("team-a");
    sync(false);
    expect([beginRecord(context, changed), context.credentials.members.recorded(uid)]).toEqual([false, false]);
    sync(true);
    expect([beginRecord(context, changed), [...context.credentials.members.namespaces(uid)]]).toEqual([
      true,
      ["uid-team-a"],
    ]);
    mark("evil");
    expect([beginRecord(context, changed), context.credentials.members.count(uid)]).toEqual([true, 1]);
  });

  it("is begun from marks where an earlier release held a removal, though it had told of the spec", () => {
    const { context, put, mark } = fixture();
    const held = { type: "RemovalHeld", status: "True", reason: "TooManyNamespaces", observedGeneration: 3 } as const;
    const conditions = [{ ...held, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }];
    const holding = credential({ status: { secretName: "regcred", observedGeneration: 3, conditions } });
    put(holding);
    mark("team-a");
    beginRecord(context, holding);
    expect([...context.credentials.members.namespaces(uid)]).toEqual(["uid-team-a"]);
  });

  it("is begun from marks that are ours, once the Secrets of former names are known too, or may not be seen", () => {
    const { context, put, mark, awaited, permissions } = fixture();
    const changed = credential({ status: { secretName: "regcred", observedGeneration: 2 } });
    put(changed);
    mark("team-a");
    mark("evil", { labelled: false });
    awaited.add("former");
    expect(beginRecord(context, changed)).toBe(false);
    permissions(false);
    expect([beginRecord(context, changed), [...context.credentials.members.namespaces(uid)]]).toEqual([
      true,
      ["uid-team-a"],
    ]);
  });

  it("says of a Secret into which we merged that it is that, though too much stands on it to be kept", () => {
    const { context, put, mark } = fixture();
    const changed = credential({ status: { secretName: "regcred", observedGeneration: 2 } });
    put(changed);
    mark("team-a", { metadata: undefined, merged: true });
    beginRecord(context, changed);
    expect(context.credentials.members.merged(placeOf("uid-team-a"), "secret-team-a")).toBe(true);
  });

  it("wakes who waits for it to be begun", () => {
    const { context, put, asked } = fixture();
    put(credential());
    context.queue.waits.wait("secret/team-a/regcred", [textOfWaited({ recordOf: uid })]);
    beginRecord(context, credential());
    expect(asked).toContain("secret/team-a/regcred");
  });

  it("is written with the version that it replaces, and is ours by its label", async () => {
    const { context, put, kept, versions } = fixture();
    put(credential());
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    note(context, "n1");
    const before = kept.get(name)?.metadata.resourceVersion;
    await storeMembers(context, uid, never);
    expect(versions).toEqual([undefined, before]);
    expect(kept.get(name)?.metadata).toMatchObject({ labels: { "app.kubernetes.io/managed-by": "regcred" } });
  });

  it("that changes while it is written is written once more", async () => {
    const { context, put, lines } = fixture();
    put(credential());
    beginRecord(context, credential());
    note(context, "n1");
    const running = storeMembers(context, uid, never);
    note(context, "n2");
    await running;
    expect(lines()).toEqual(["n1 s"]);
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n1 s", "n2 s"]);
  });

  it("keeps nobody waiting for longer than one write and the next, however many ask while each takes long", async () => {
    const { clock, context, put, kept } = fixture();
    put(credential());
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    const { api } = context.cluster;
    let [atOnce, most] = [0, 0];
    const replaceSecret: typeof api.replaceSecret = async (...asked) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await clock.sleep(Temporal.Duration.from({ seconds: 10 }));
      atOnce -= 1;
      return api.replaceSecret(...asked);
    };
    Object.assign(context.cluster, { api: { ...api, replaceSecret } });
    const records = membersStore();
    const waits: number[] = [];
    for (let second = 0; second < 40; second += 1) {
      note(context, `n${second}`);
      const asked = clock.elapsed();
      void records.soon(context, uid, never).then(() => waits.push((clock.elapsed() - asked) / 1000));
      await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    }
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    expect([kept.size, waits.length, Math.max(...waits) < 25, most]).toEqual([1, 40, true, 1]);
  });

  it("that others wait for already holds no worker besides: it is looked at again when it has been written", async () => {
    const { context } = fixture();
    const written: string[] = [];
    let isComing = true;
    Object.assign(context.credentials, {
      membersStore: { isComing: () => isComing, all: async (_: unknown, of: string) => (written.push(of), done) },
    });
    const { reconcile } = membersController(context);
    const looksAgain = requeueAfter(1_000);
    expect(await reconcile(membersKey(uid), never)).toEqual(looksAgain);
    expect(written).toEqual([]);
    isComing = false;
    expect(await reconcile(membersKey(uid), never)).toEqual(done);
    expect(written).toEqual([uid]);
  });

  it("of which a part changes while another is written has it as it is by then", async () => {
    const { context, put, kept } = fixture();
    put(credential());
    beginRecord(context, credential());
    for (let count = 0; count < rowsPerPart; count += 1) note(context, `n${count}`);
    note(context, "late-1");
    const running = storeMembers(context, uid, never);
    note(context, "late-2");
    await running;
    await storeMembers(context, uid, never);
    const { data } = kept.get(`regcred-members-${uid}-1`) ?? {};
    expect(Buffer.from(data?.["regcred"] ?? "", "base64").toString()).toBe("late-1 s\nlate-2 s\n");
  });

  it("that could not be written is written the next time, though nothing has changed since", async () => {
    const { context, put, refuse, lines } = fixture();
    put(credential());
    beginRecord(context, credential());
    note(context, "n1");
    refuse(true);
    await storeMembers(context, uid, never);
    refuse(false);
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n1 s"]);
  });

  it("of one that is not seen stays, and is looked at again", async () => {
    const { context, put, drop, kept, feeds } = fixture();
    put(credential());
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    drop();
    feeds.credentials.blind("not-seen");
    expect(await storeMembers(context, uid, never)).toHaveProperty("requeueAfter");
    expect([kept.size, context.credentials.members.recorded(uid)]).toEqual([1, true]);
  });

  it("that somebody deletes is written again", async () => {
    const { context, put, feeds, next, kept } = fixture();
    put(credential());
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    kept.clear();
    feeds.operatorSecrets.vanished(`ops/${name}`, next());
    await storeMembers(context, uid, never);
    expect(kept.has(name)).toBe(true);
  });

  it("is begun for who is there when this replica begins to lead: namespaces that are gone meanwhile leave it", async () => {
    const rows = ["n-there", "n-gone"].map((of) => ({ ...placeOf(of), secretUid: "s", merged: false, former: false }));
    const { context, asked, put, lines } = fixture({ rows, living: ["there"] });
    put(credential());
    expect([asked, [...context.credentials.members.namespaces(uid)]]).toEqual([
      [`members/${uid}`, `members/${uid}`],
      ["n-there"],
    ]);
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n-there s"]);
  });

  it("keeps namespaces of which nobody knows whether they are gone when this replica begins to lead, until it is known", async () => {
    const rows = [{ ...placeOf("n-gone"), secretUid: "s", merged: false, former: false }];
    const { clock, context, feeds, next } = fixture({ rows, isBlind: true });
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    expect([...context.credentials.members.namespaces(uid)]).toEqual(["n-gone"]);
    feeds.namespaces.begin();
    feeds.namespaces.completed(next());
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    expect([...context.credentials.members.namespaces(uid)]).toEqual([]);
  });

  it("is written again after a failure, with all that came meanwhile", async () => {
    const { context, put, asked, refuse, lines } = fixture();
    put(credential());
    beginRecord(context, credential());
    note(context, "n1");
    refuse(true);
    expect(await storeMembers(context, uid, never)).toMatchObject({ failed: true });
    note(context, "n2");
    refuse(false);
    expect(asked.length).toBeGreaterThan(1);
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n1 s", "n2 s"]);
  });

  it("holds nothing back before it is begun, and writes nothing either", async () => {
    const { context, put, kept, lines } = fixture();
    put(credential());
    note(context, "n1");
    await storeMembers(context, uid, never);
    expect(kept.size).toBe(0);
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n1 s"]);
  });

  it("goes with it once it was taken from everybody, and stays while somebody has a login of one that is gone", async () => {
    const { context, put, drop, kept, refuse } = fixture();
    put(credential());
    beginRecord(context, credential());
    note(context, "n1");
    await storeMembers(context, uid, never);
    drop();
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect([kept.size, context.credentials.members.count(uid)]).toEqual([1, 1]);
    context.credentials.members.note(placeOf("n1"), undefined);
    refuse(true);
    expect(await storeMembers(context, uid, never)).toMatchObject({ failed: true });
    refuse(false);
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect([kept.size, context.credentials.members.count(uid), context.credentials.members.recorded(uid)]).toEqual([
      0,
      0,
      false,
    ]);
    expect(context.cluster.stores.operatorSecrets.size).toBe(0);
  });

  it("goes with all its parts, however many there are", async () => {
    const { context, put, drop, kept } = fixture();
    put(credential());
    beginRecord(context, credential());
    const namespaces = Array.from({ length: rowsPerPart + 1 }, (_, index) => `n${index}`);
    for (const each of namespaces) note(context, each);
    await storeMembers(context, uid, never);
    expect([...kept.keys()]).toEqual([`regcred-members-${uid}-0`, `regcred-members-${uid}-1`]);
    for (const each of namespaces) context.credentials.members.note(placeOf(each), undefined);
    drop();
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect([kept.size, context.cluster.stores.operatorSecrets.size, context.credentials.members.recorded(uid)]).toEqual(
      [0, 0, false],
    );
  });

  it("goes alone: those of others stay", async () => {
    const { context, put, drop, kept } = fixture();
    const beta = credential({ name: "beta", uid: "uid-beta" });
    for (const each of [credential(), beta]) {
      put(each);
      beginRecord(context, each);
      await storeMembers(context, each.uid, never);
    }
    drop();
    await storeMembers(context, uid, never);
    expect([...kept.keys()]).toEqual(["regcred-members-uid-beta-0"]);
  });
});
