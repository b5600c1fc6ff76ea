// Is the record of members begun, kept and given up as it should be, whatever the API server says?
import { waits } from "../../src/queue/waits.ts";
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import { tokenFromData } from "../../src/reconcile/token-wire.ts";
import type { CredentialRecord, NamespaceRecord, OperatorSecretRecord, SecretRecord } from "../../src/plan/snapshot.ts";
import type { Context } from "../../src/reconcile/context.ts";
import { beginRecord, keepRecord, recordedMembers, storeMembers } from "../../src/reconcile/store-members.ts";
import { stripOperatorSecret } from "../../src/watch/strip/operator-secret.ts";
import { store } from "../../src/watch/store.ts";
import { allInReach } from "./all-in-reach.ts";
import { credential, frozen, namespace, secretRecord } from "../plan/objects.ts";

const never = new AbortController().signal;
const uid = credential().uid;
const name = `regcred-members-${uid}-0`;

interface WireSecret {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** An API server that keeps the record, and an operator that leads. */
function situation() {
  const stores = {
    credentials: store<CredentialRecord>(),
    namespaces: store<NamespaceRecord>(),
    pullSecrets: store<SecretRecord>(),
    operatorSecrets: store<OperatorSecretRecord>(),
  };
  const strip = stripOperatorSecret(tokenFromData);
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
  const written = async (body: unknown): Promise<unknown> => {
    if (refuses) throw new Error("refused");
    const { metadata, ...rest } = body as WireSecret;
    const stands = { ...rest, metadata: { ...metadata, namespace: "ops", uid: "u", resourceVersion: next() } };
    kept.set(metadata.name, stands);
    return stands;
  };
  const members = recordedMembers(stores.operatorSecrets);
  const context = {
    stores,
    members,
    enqueue: (key: string) => asked.push(key),
    waits: waits(),
    settings: { namespace: "ops" },
    strips: { operatorSecret: strip },
    namesSynced: () => isSynced,
    reach: allInReach,
    entitlements: { namesOf: () => [] },
    refusal: () => ({ failure: { reason: "x", cause: "Platform", retry: "backoff", message: "refused" } }),
    api: {
      createSecret: (_namespace: string, body: unknown) => written(body),
      replaceSecret: (_namespace: string, _name: string, body: unknown) => written(body),
      deleteSecret: async (_namespace: string, of: string) => void kept.delete(of),
    },
  } as unknown as Context;
  const put = (each: RegistryCredential): void => {
    const { generation, finalizers, annotations } = each;
    const fields = { key: each.name, name: each.name, uid: each.uid, generation, finalizers, annotations };
    const record = { ...fields, credential: each, deleting: false, problems: [], resourceVersion: next() };
    feeds.credentials.observed(frozen<CredentialRecord>(record));
  };
  keepRecord(context);
  return {
    context,
    asked,
    put,
    kept,
    drop: () => feeds.credentials.vanished("acme", next()),
    refuse: (does: boolean) => (refuses = does),
    sync: (does: boolean) => (isSynced = does),
    mark: (of: string): void => {
      feeds.namespaces.observed(namespace({ name: of, resourceVersion: next() }));
      const identity = { key: `${of}/regcred`, namespace: of, uid: `secret-${of}`, resourceVersion: next() };
      feeds.pullSecrets.observed(secretRecord({ ...identity, labelled: true, credentials: ["acme"] }));
    },
    lines: () =>
      Buffer.from(kept.get(name)?.data?.["regcred"] ?? "", "base64")
        .toString()
        .trim()
        .split("\n"),
  };
}

const note = ({ members }: Context, of: string): void =>
  members.note({ namespaceUid: of, secretName: "regcred" }, { secretUid: "s", merged: false, credentials: [uid] });

describe("the record of a RegistryCredential", () => {
  it("is begun when it is first looked at, without asking what stands on Secrets", async () => {
    const { context, put, mark, asked, kept } = situation();
    const acme = credential();
    put(acme);
    mark("evil");
    expect(beginRecord(context, acme)).toBe(true);
    expect([[...new Set(asked)], [...context.members.namespaces(uid)]]).toEqual([[`members/${uid}`], []]);
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect(kept.get(name)).toMatchObject({ type: "regcred.dev/members", data: {} });
  });

  it("is not begun from marks where an earlier release had told of the spec as it is", () => {
    const { context, put, mark } = situation();
    const settled = credential({ status: { secretName: "regcred", observedGeneration: 3 } });
    put(settled);
    mark("evil");
    beginRecord(context, settled);
    expect(context.members.count(uid)).toBe(0);
  });

  it("is begun from marks where the spec has changed since an earlier release told of it, once all are known", () => {
    const { context, put, mark, sync } = situation();
    const changed = credential({ status: { secretName: "regcred", observedGeneration: 2 } });
    put(changed);
    mark("team-a");
    sync(false);
    expect([beginRecord(context, changed), context.members.recorded(uid)]).toEqual([false, false]);
    sync(true);
    expect([beginRecord(context, changed), [...context.members.namespaces(uid)]]).toEqual([true, ["uid-team-a"]]);
    mark("evil");
    expect([beginRecord(context, changed), context.members.count(uid)]).toEqual([true, 1]);
  });

  it("is written again after a failure, with all that came meanwhile", async () => {
    const { context, put, asked, refuse, lines } = situation();
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
    const { context, put, kept, lines } = situation();
    put(credential());
    note(context, "n1");
    await storeMembers(context, uid, never);
    expect(kept.size).toBe(0);
    beginRecord(context, credential());
    await storeMembers(context, uid, never);
    expect(lines()).toEqual(["n1 s"]);
  });

  it("goes with it once it was taken from everybody, and stays while somebody has a login of one that is gone", async () => {
    const { context, put, drop, kept } = situation();
    put(credential());
    beginRecord(context, credential());
    note(context, "n1");
    await storeMembers(context, uid, never);
    drop();
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect([kept.size, context.members.count(uid)]).toEqual([1, 1]);
    context.members.note({ namespaceUid: "n1", secretName: "regcred" }, undefined);
    expect(await storeMembers(context, uid, never)).toEqual({});
    expect([kept.size, context.members.count(uid)]).toEqual([0, 0]);
  });
});
