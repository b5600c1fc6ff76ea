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
function coming(
  tracker: ReturnType<typeof members>,
  { before, stays, named = "a,b,lost" }: Pick<Coming, "before" | "stays"> & { readonly named?: string },
) {
  const context = contextOf({
    credentials: {
      members: tracker,
      index: { readable: (name: string) => (name === "lost" ? undefined : { uid: `uid-${name}` }) },
    },
    cluster: {
      stores: { credentials: { get: (name: string) => ({ credential: name === "garbled" ? undefined : {} }) } },
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
  return {
    unrecorded: noteComing(context, { place, body, before, stays }),
    of: tracker.holders(place, "uid-regcred"),
    owns: tracker.owns(place, "uid-regcred"),
    merged: tracker.merged(place, "uid-regcred"),
  };
}

describe("members of a Secret before a write", () => {
  it("are to be stored before it, until they are, of all whose record is begun", () => {
    const tracker = members();
    tracker.lead();
    for (const uid of ["uid-a", "uid-b"]) tracker.begin(uid);
    const asked = { before: undefined, stays: false, named: "a,b,unbegun" } as const;
    expect(coming(tracker, asked).unrecorded).toEqual(["uid-a", "uid-b"]);
    const part = { credentialUid: "uid-a", part: 0 };
    tracker.saved(part);
    tracker.note({ ...place, namespaceUid: "other" }, { secretUid: "s", merged: false, credentials: ["uid-a"] });
    tracker.stored(part);
    expect(coming(tracker, asked).unrecorded).toEqual(["uid-b"]);
  });

  it("are to be stored, too, where another run has noted them meanwhile", () => {
    const tracker = members();
    tracker.lead();
    for (const uid of ["uid-a", "uid-b"]) tracker.begin(uid);
    const asked = { before: secretRecord({ credentials: [] }), stays: true, named: "a,b" } as const;
    expect([coming(tracker, asked).unrecorded, coming(tracker, asked).unrecorded]).toEqual([
      ["uid-a", "uid-b"],
      ["uid-a", "uid-b"],
    ]);
  });

  it("are to be stored, too, where only one is in it, if that one cannot be read", () => {
    const tracker = members();
    tracker.lead();
    for (const uid of ["uid-a", "uid-garbled"]) tracker.begin(uid);
    const asked = { before: undefined, stays: false } as const;
    expect(coming(tracker, { ...asked, named: "a" }).unrecorded).toEqual([]);
    expect(coming(tracker, { ...asked, named: "garbled" }).unrecorded).toEqual(["uid-garbled"]);
  });

  it("need not be stored first whose login stands there already", () => {
    const tracker = members();
    tracker.lead();
    for (const uid of ["uid-a", "uid-b"]) tracker.begin(uid);
    tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-a", "uid-b", "uid-leaves"] });
    const before = secretRecord({ credentials: ["a", "b", "leaves"] });
    expect(coming(tracker, { before, stays: true, named: "a,b" }).unrecorded).toEqual([]);
  });

  it("are those who come, of a Secret that is nobody's yet: its tenant may write first", () => {
    const before = secretRecord({ credentials: [] });
    expect(coming(members(), { before, stays: true })).toMatchObject({
      of: ["uid-a", "uid-b"],
      owns: false,
      merged: false,
    });
  });

  it("are besides those who are in it, and it stays what it is known as, whatever its marks say", () => {
    for (const merged of [true, false]) {
      const tracker = members();
      tracker.note(place, { secretUid: "uid-regcred", merged, credentials: ["uid-a"] });
      const before = secretRecord({ credentials: [] });
      expect(coming(tracker, { before, stays: true })).toMatchObject({
        of: ["uid-a", "uid-b"],
        owns: !merged,
        merged,
      });
    }
  });

  it("are those who come as the last other one leaves it, whatever its marks say", () => {
    const tracker = members();
    tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-b"] });
    const before = secretRecord({ credentials: [] });
    expect(coming(tracker, { before, stays: true, named: "a" }).of).toEqual(["uid-b", "uid-a"]);
  });

  it("are nobody else's concern where one has the Secret for itself: they are noted after the write", () => {
    const before = secretRecord({ credentials: ["b"] });
    expect(coming(members(), { before, stays: true, named: "a" }).of).toEqual([]);
  });

  it("are those who are in the one that is made anew, too, though they cannot be read", () => {
    const tracker = members();
    tracker.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-a", "uid-lost"] });
    const before = secretRecord({ credentials: ["a", "lost"] });
    const { of } = coming(tracker, { before, stays: false });
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
