// Tests that only what stands in the Secret is recorded as a member's.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { members } from "../../../src/entitlement/members.ts";
import type { Contributor } from "../../../src/entitlement/credential-index.ts";
import { type Coming, noteComing, noteMembers } from "../../../src/controllers/pull-secret/apply.ts";
import { contributor, credential, secretRecord } from "../../entitlement/objects.ts";

const place = { namespaceUid: "n", secretName: "regcred" };
const contributing = (name: string): Contributor => contributor(credential({ name, uid: `uid-${name}` }));
const nobodyOrphaned = { names: [], uids: [], gone: [] };

function noted(
  named: readonly string[],
  { orphaned = nobodyOrphaned, frozenUids = [] }: Partial<Parameters<typeof noteMembers>[3]> = {},
) {
  const tracker = members();
  tracker.lead();
  tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-before", "uid-gone"] });
  const record = secretRecord({ credentials: named });
  noteMembers(contextOf({ credentials: { members: tracker } }), place, record, {
    contributing: [contributing("a"), contributing("b")],
    orphaned,
    frozenUids,
  });
  return tracker.holders(place, "uid-regcred");
}

/** Who is in the record of the Secret before the write, and as what it is known. */
async function coming(
  tracker: ReturnType<typeof members>,
  { before, stays, named = "a,b,lost" }: Pick<Coming, "before" | "stays"> & { readonly named?: string },
  stored: Promise<object> = Promise.resolve({}),
) {
  const context = contextOf({
    credentials: {
      members: tracker,
      index: { readable: (name: string) => (name === "lost" ? undefined : { uid: `uid-${name}` }) },
      storeMembers: () => stored,
    },
  });
  const body: Coming["body"] = {
    type: "kubernetes.io/dockerconfigjson",
    labels: {},
    annotations: { "regcred.dev/credentials": named },
    ownerReferences: [],
    finalizers: [],
    dockerConfig: "{}",
    otherData: {},
  };
  await noteComing(context, { place, body, before, stays }, never);
  return {
    of: tracker.holders(place, "uid-regcred"),
    owns: tracker.owns(place, "uid-regcred"),
    merged: tracker.merged(place, "uid-regcred"),
  };
}

const never = new AbortController().signal;

describe("members of a Secret before a write", () => {
  it("are stored before the write begins, not only asked to be", async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    let isOver = false;
    const ended = coming(members(), { before: undefined, stays: false }, promise).then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    resolve({});
    expect(await ended).toBe(true);
  });

  it("are those who come, of a Secret that is nobody's yet: its tenant may write first", async () => {
    const before = secretRecord({ credentials: [] });
    expect(await coming(members(), { before, stays: true })).toEqual({
      of: ["uid-a", "uid-b"],
      owns: false,
      merged: false,
    });
  });

  it("are besides those who are in it, and it stays what it is known as, whatever its marks say", async () => {
    for (const merged of [true, false]) {
      const tracker = members();
      tracker.note(place, { secretUid: "uid-regcred", merged, credentials: ["uid-a"] });
      const before = secretRecord({ credentials: [] });
      expect(await coming(tracker, { before, stays: true })).toEqual({ of: ["uid-a", "uid-b"], owns: !merged, merged });
    }
  });

  it("are those who come as the last other one leaves it, whatever its marks say", async () => {
    const tracker = members();
    tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-b"] });
    const before = secretRecord({ credentials: [] });
    expect((await coming(tracker, { before, stays: true, named: "a" })).of).toEqual(["uid-b", "uid-a"]);
  });

  it("are nobody else's concern where one has the Secret for itself: they are noted after the write", async () => {
    const before = secretRecord({ credentials: ["b"] });
    expect((await coming(members(), { before, stays: true, named: "a" })).of).toEqual([]);
  });

  it("are those who are in the one that is made anew, too, though they cannot be read", async () => {
    const tracker = members();
    tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-a", "uid-lost"] });
    const before = secretRecord({ credentials: ["a", "lost"] });
    const { of } = await coming(tracker, { before, stays: false });
    expect(new Set(of)).toEqual(new Set(["uid-a", "uid-lost", "uid-b"]));
    expect(new Set(tracker.holders(place, "uid-new"))).toEqual(new Set(of));
  });
});

describe("members of a Secret after a run", () => {
  it("are those who are entitled and whose login stands there", () => {
    expect(noted(["a"])).toEqual(["uid-a"]);
  });

  it("are those who are gone, as long as the Secret names one of them", () => {
    const orphaned = { names: ["gone"], uids: ["uid-gone"], gone: ["uid-gone"] };
    expect(noted(["a", "gone"], { orphaned })).toEqual(["uid-gone", "uid-a"]);
    expect(noted(["a"], { orphaned })).toEqual(["uid-a"]);
  });

  it("are those of whom nothing was found out, as they were", () => {
    expect(noted(["a"], { frozenUids: ["uid-before"] })).toEqual(["uid-before", "uid-a"]);
  });
});
