// Tests that the namespaces that hold a login are known, and that what is stored of them is small and complete.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyUid, type MemberRow, type MembersPart, rowsPerPart } from "../../src/cluster/member-rows.ts";
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import { type Members, members } from "../../src/entitlement/members.ts";

const place = (namespaceUid: string, secretName = "regcred") => ({ namespaceUid, secretName });
const standing = (secretUid: string, ...credentials: readonly string[]) => ({ secretUid, merged: false, credentials });

/** Stores what is unsaved, as the API server would hold it. */
function stores(tracker: Members): {
  readonly parts: Map<string, readonly MemberRow[]>;
  readonly save: (uid: string) => number;
} {
  const parts = new Map<string, readonly MemberRow[]>();
  return {
    parts,
    save: (credentialUid) => {
      const unsaved = tracker.unsaved(credentialUid);
      for (const part of unsaved) {
        const rows = tracker.rows({ credentialUid, part });
        tracker.saved({ credentialUid, part });
        if (rows) parts.set(`${credentialUid} ${part}`, structuredClone(rows));
        else parts.delete(`${credentialUid} ${part}`);
      }
      return unsaved.length;
    },
  };
}

function leading(): Members {
  const tracker = members();
  tracker.lead();
  return tracker;
}

it("a namespace that goes while a replica stands by is in the record until somebody leads", () => {
  const tracker = members();
  const row = { ...place("n"), secretUid: "s", merged: false, former: false };
  tracker.observed({ credentialUid: "c", part: 0 }, () => [row]);
  tracker.forgetNamespace("n", knownAbsent);
  tracker.lead();
  expect([...tracker.mayHold("c")]).toEqual(["n"]);
  tracker.forgetNamespace("n", knownAbsent);
  expect([[...tracker.mayHold("c")], tracker.unsaved("c"), tracker.rows({ credentialUid: "c", part: 0 })]).toEqual([
    [],
    [0],
    [],
  ]);
});

describe("what is stored of a member", () => {
  const part = { credentialUid: "c", part: 0 };
  const store = (tracker: Members): void => {
    tracker.saved(part);
    tracker.stored(part);
  };

  it("is what was sent, and not what has changed since", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c"));
    tracker.saved(part);
    tracker.note(place("later"), standing("s", "c"));
    expect([tracker.isStored(place("n"), "c"), tracker.isStored(place("later"), "c")]).toEqual([false, false]);
    tracker.stored(part);
    expect([tracker.isStored(place("n"), "c"), tracker.isStored(place("later"), "c")]).toEqual([true, false]);
    store(tracker);
    tracker.judged(place("n"), [], ["c"]);
    expect([tracker.isStored(place("n"), "c"), tracker.isStored(place("later"), "c")]).toEqual([false, true]);
  });

  it("is what a replica has read before it led, and nothing once somebody has deleted it", () => {
    const tracker = members();
    tracker.observed(part, () => [{ ...place("n"), secretUid: "s", merged: false, former: false }]);
    tracker.lead();
    expect([tracker.isStored(place("n"), "c"), tracker.isStored(place("n"), "other")]).toEqual([true, false]);
    tracker.observed(part, undefined);
    expect(tracker.isStored(place("n"), "c")).toBe(false);
  });

  it("is enough when it becomes known which Secret it is, which is stored later", () => {
    const tracker = leading();
    tracker.note(place("n"), standing(anyUid, "c"));
    store(tracker);
    const asked: string[] = [];
    tracker.subscribe({ changed: () => undefined, unsaved: (_uid, urgency) => asked.push(urgency) });
    tracker.note(place("n"), standing("s", "c"));
    expect([
      tracker.isStored(place("n"), "c"),
      tracker.unsaved("c", "soon").length,
      tracker.unsaved("c").length,
    ]).toEqual([true, 0, 1]);
    tracker.note(place("n"), standing("another", "c"));
    expect([asked, tracker.isStored(place("n"), "c"), tracker.unsaved("c", "soon").length]).toEqual([
      ["later", "soon"],
      false,
      1,
    ]);
  });
});

describe("a member of whom nothing was found out", () => {
  it("stays what it was, whatever becomes of the Secret beside it", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c", "d"));
    tracker.judged(place("n"), ["d"], ["c"]);
    for (const now of [standing("s", "d"), standing("s"), undefined]) {
      tracker.note(place("n"), now, ["c"]);
      expect([tracker.has("c", "n"), tracker.holds(place("n"), "s", "c"), [...tracker.mayHold("c")]]).toEqual([
        false,
        true,
        ["n"],
      ]);
    }
    tracker.note(place("n"), standing("t"), ["c"]);
    expect([tracker.holds(place("n"), "t", "c"), tracker.mayHoldIn("c", "n"), tracker.mayHoldIn("d", "n")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is made none by that", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "d"), ["c"]);
    expect(tracker.holds(place("n"), "s", "c")).toBe(false);
  });
});

describe("a member", () => {
  it("is a namespace into whose Secret a login was put, until nothing is left in any of its Secrets", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c", "d"));
    tracker.note(place("n", "old"), standing("t", "c"));
    expect([tracker.has("c", "n"), tracker.has("d", "n"), tracker.has("e", "n"), tracker.count("c")]).toEqual([
      true,
      true,
      false,
      1,
    ]);
    tracker.note(place("n"), standing("s", "d"));
    expect([tracker.has("c", "n"), tracker.has("d", "n")]).toEqual([true, true]);
    tracker.note(place("n", "old"), undefined);
    expect([tracker.has("c", "n"), tracker.count("c")]).toEqual([false, 0]);
  });

  it("goes with its namespace and with its credential", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c", "d"));
    tracker.note(place("m"), standing("t", "c"));
    tracker.forgetNamespace("n", knownAbsent);
    expect([[...tracker.namespaces("c")], [...tracker.namespaces("d")]]).toEqual([["m"], []]);
    tracker.forgetCredential("c", knownAbsent);
    expect(tracker.count("c")).toBe(0);
  });

  it("tells when it becomes one and when it ceases to be one, once each", () => {
    const tracker = leading();
    const reported: string[] = [];
    tracker.subscribe({ changed: (...what) => reported.push(what.join(" ")), unsaved: () => undefined });
    tracker.note(place("n"), standing("s", "c"));
    tracker.note(place("n"), standing("s", "c"));
    tracker.note(place("n", "old"), standing("t", "c"));
    tracker.note(place("n"), undefined);
    tracker.note(place("n", "old"), undefined);
    expect(reported).toEqual(["c n", "c n"]);
  });
});

describe("what is told of members", () => {
  const listened = (tracker: Members) => {
    const changed: string[] = [];
    const unsaved: string[] = [];
    tracker.subscribe({ changed: (...what) => changed.push(what.join(" ")), unsaved: (of) => unsaved.push(of) });
    return { changed, unsaved };
  };

  it("is that something is to be stored, once until it is", () => {
    const tracker = leading();
    const { unsaved } = listened(tracker);
    tracker.begin("c");
    stores(tracker).save("c");
    for (const of of ["n", "m"]) tracker.note(place(of), standing("s", "c"));
    expect(unsaved).toEqual(["c", "c"]);
  });

  it("is nothing where what was taken back is first heard of, and where it goes", () => {
    const tracker = members();
    const { changed } = listened(tracker);
    const row = { ...place("n"), secretUid: "s", merged: false, former: true };
    tracker.observed({ credentialUid: "c", part: 0 }, () => [row]);
    tracker.lead();
    tracker.note(place("n"), undefined);
    expect([changed, [...tracker.mayHold("c")]]).toEqual([[], []]);
  });

  it("is what a follower hears: a member that was taken back, and one that has the login again", () => {
    const tracker = members();
    const { changed } = listened(tracker);
    const row = { ...place("n"), secretUid: "s", merged: false, former: false };
    for (const former of [false, true, false]) {
      tracker.observed({ credentialUid: "c", part: 0 }, () => [{ ...row, former }]);
      expect(tracker.has("c", "n")).toBe(!former);
    }
    expect(changed).toEqual(["c n", "c n", "c n"]);
  });
});

describe("what is taken back", () => {
  it("makes its namespace a member no more, though something may be left of it, until it is entitled again", () => {
    const tracker = leading();
    const reported: string[] = [];
    tracker.subscribe({ changed: (...what) => reported.push(what.join(" ")), unsaved: () => undefined });
    tracker.note(place("n"), standing("s", "c", "d"));
    tracker.judged(place("n"), ["d"], ["c"]);
    expect([tracker.has("c", "n"), tracker.count("c"), [...tracker.mayHold("c")]]).toEqual([false, 0, ["n"]]);
    expect([tracker.holds(place("n"), "s", "c"), tracker.owns(place("n"), "s"), tracker.has("d", "n")]).toEqual([
      true,
      true,
      true,
    ]);
    tracker.note(place("n"), standing("s", "c", "d"));
    expect([tracker.has("c", "n"), tracker.count("c")]).toEqual([true, 1]);
    expect(reported).toEqual(["c n", "d n", "c n", "c n"]);
  });

  it("is in no Secret that somebody else has made there since", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c", "d"));
    tracker.judged(place("n"), ["d"], []);
    expect([[...tracker.mayHold("c")], tracker.has("d", "n")]).toEqual([[], true]);
  });

  it("is so where the record is kept, and of whom there is one: what a follower or an upgrade knows is not decided yet", () => {
    const tracker = members();
    tracker.observed({ credentialUid: "c", part: 0 }, () => [
      { ...place("n"), secretUid: "s", merged: false, former: false },
    ]);
    tracker.takeBack("c", "n");
    expect(tracker.has("c", "n")).toBe(true);
    tracker.lead();
    tracker.takeBack("c", "n");
    expect(tracker.has("c", "n")).toBe(false);
    tracker.note(place("n"), standing("s", "d"));
    tracker.takeBack("d", "n");
    expect([tracker.recorded("d"), tracker.has("d", "n")]).toEqual([false, true]);
  });

  it("stays so over a restart", () => {
    const tracker = leading();
    const { save, parts } = stores(tracker);
    tracker.note(place("n"), standing("s", "c"));
    save("c");
    tracker.judged(place("n"), [], ["c"]);
    save("c");
    const follower = members();
    follower.observed({ credentialUid: "c", part: 0 }, () => parts.get("c 0") ?? []);
    expect([follower.has("c", "n"), follower.holds(place("n"), "s", "c")]).toEqual([false, true]);
  });
});

describe("a Secret", () => {
  it("is known by its uid, and not where it is somebody else's or was made anew", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s", "c"));
    tracker.note(place("m"), { ...standing("t", "c"), merged: true });
    expect([tracker.owns(place("n"), "s"), tracker.owns(place("n"), "s2"), tracker.owns(place("m"), "t")]).toEqual([
      true,
      false,
      false,
    ]);
    expect([
      tracker.holds(place("m"), "t", "c"),
      tracker.holds(place("m"), "t", "d"),
      tracker.holds(place("n"), "s2", "c"),
    ]).toEqual([true, false, false]);
    expect([tracker.holders(place("n"), "s"), tracker.holders(place("n"), "s2")]).toEqual([["c"], []]);
    expect([
      tracker.merged(place("m"), "t"),
      tracker.merged(place("m"), "t2"),
      tracker.merged(place("n"), "s"),
    ]).toEqual([true, false, false]);
  });

  it("is nobody's in whom nothing of ours is left, or ever was", () => {
    const tracker = leading();
    tracker.note(place("n"), standing("s"));
    expect(tracker.owns(place("n"), "s")).toBe(false);
    tracker.note(place("n"), standing("s", "c"));
    tracker.note(place("n"), undefined);
    expect(tracker.owns(place("n"), "s")).toBe(false);
  });

  it("is stored again where it was made anew, or was adopted, under the same members", () => {
    const tracker = leading();
    const { save, parts } = stores(tracker);
    tracker.note(place("n"), standing("s", "c"));
    save("c");
    for (const now of [
      { ...standing("t", "c"), merged: true },
      { ...standing("t", "c"), merged: false },
    ]) {
      tracker.note(place("n"), now);
      expect([save("c"), parts.get("c 0")]).toEqual([
        1,
        [{ ...place("n"), secretUid: "t", merged: now.merged, former: false }],
      ]);
      expect(tracker.merged(place("n"), "t")).toBe(now.merged);
    }
    tracker.note(place("n"), standing("u", "c"));
    expect([save("c"), parts.get("c 0")?.[0]?.secretUid]).toEqual([1, "u"]);
  });
});

describe("the record", () => {
  it("of a credential that is gone is gone whole, and begins anew", () => {
    const tracker = leading();
    tracker.begin("c");
    tracker.note(place("n"), standing("s", "c"));
    tracker.forgetCredential("c", knownAbsent);
    expect([
      tracker.recorded("c"),
      tracker.has("c", "n"),
      tracker.mayHoldIn("c", "n"),
      tracker.holders(place("n"), "s"),
    ]).toEqual([false, false, false, []]);
  });

  it("is not there of whom a part is only heard to have gone", () => {
    const tracker = members();
    tracker.observed({ credentialUid: "c", part: 3 }, undefined);
    expect(tracker.recorded("c")).toBe(false);
  });

  it("of before, without members, is written again where somebody deletes it", () => {
    const tracker = members();
    tracker.observed({ credentialUid: "c", part: 0 }, () => []);
    tracker.lead();
    tracker.observed({ credentialUid: "c", part: 0 }, undefined);
    expect([tracker.unsaved("c"), tracker.rows({ credentialUid: "c", part: 0 })]).toEqual([[0], []]);
  });

  it("that goes with its RegistryCredential is not written again", () => {
    const tracker = leading();
    tracker.begin("c");
    stores(tracker).save("c");
    tracker.forgetCredential("c", knownAbsent);
    tracker.observed({ credentialUid: "c", part: 0 }, undefined);
    expect([tracker.unsaved("c").length, tracker.recorded("c")]).toEqual([0, false]);
  });

  it("tells the Secrets of one namespace apart", () => {
    const tracker = members();
    const row = { secretUid: "s", merged: false, former: false };
    const part = { credentialUid: "c", part: 0 };
    tracker.observed(part, () => [
      { ...row, ...place("n") },
      { ...row, ...place("n", "old") },
    ]);
    tracker.observed(part, () => [{ ...row, ...place("n") }]);
    expect([tracker.holders(place("n"), "s"), tracker.holders(place("n", "old"), "s")]).toEqual([["c"], []]);
  });

  it("is stored part by part: one namespace more is one part, whatever there is already", () => {
    const tracker = leading();
    const { save, parts } = stores(tracker);
    tracker.begin("c");
    for (let index = 0; index < 3 * rowsPerPart; index += 1)
      tracker.note(place(`n${index}`), standing(`s${index}`, "c"));
    expect(save("c")).toBe(3);
    expect(save("c")).toBe(0);
    tracker.note(place("one more"), standing("s", "c"));
    expect(save("c")).toBe(1);
    for (let index = 0; index < rowsPerPart; index += 1) tracker.note(place(`n${index + rowsPerPart}`), undefined);
    expect(save("c")).toBe(1);
    expect([...parts.keys()]).toEqual(["c 0", "c 2", "c 3"]);
  });

  it("is there without members too, so that it is known to have been begun", () => {
    const tracker = leading();
    const { save, parts } = stores(tracker);
    expect(tracker.recorded("c")).toBe(false);
    tracker.begin("c");
    expect([save("c"), parts.get("c 0"), tracker.recorded("c")]).toEqual([1, [], true]);
  });

  it("is written again where somebody deletes it, and where a write failed", () => {
    const tracker = leading();
    const { save } = stores(tracker);
    tracker.begin("c");
    save("c");
    const part: MembersPart = { credentialUid: "c", part: 0 };
    let reported = 0;
    tracker.subscribe({ changed: () => undefined, unsaved: () => (reported += 1) });
    // Who has failed comes back by itself, as soon as its failure says.
    tracker.spoiled(part);
    expect([reported, save("c")]).toEqual([0, 1]);
    tracker.note(place("n"), standing("s", "c"));
    save("c");
    tracker.observed(part, undefined);
    expect(save("c")).toBe(1);
  });

  it("is followed by who does not lead, and not believed by who does", () => {
    const row: MemberRow = { ...place("n"), secretUid: "s", merged: false, former: false };
    const part = { credentialUid: "c", part: 0 };
    const follower = members();
    follower.observed(part, () => [row, { ...row, namespaceUid: "m" }]);
    follower.observed(part, () => [row]);
    expect([[...follower.namespaces("c")], follower.recorded("c")]).toEqual([["n"], true]);
    follower.lead();
    expect(follower.unsaved("c")).toEqual([]);
    follower.observed(part, () => [{ ...row, namespaceUid: "forged" }]);
    expect([...follower.namespaces("c")]).toEqual(["n"]);
  });

  it("gives a follower what the leader knew, whatever has happened", () => {
    const uid = fc.constantFrom("n1", "n2", "n3");
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("note" as const),
        at: fc.record({ namespaceUid: uid, secretName: fc.constantFrom("regcred", "old") }),
        credentials: fc.uniqueArray(fc.constantFrom("c", "d"), { maxLength: 2 }),
        secretUid: fc.constantFrom("s", "t"),
      }),
      fc.record({ kind: fc.constant("judge" as const), uid, leaving: fc.constantFrom<string[]>(["c"], ["d"], []) }),
      fc.record({ kind: fc.constant("forget" as const), uid }),
      fc.record({ kind: fc.constant("save" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const tracker = leading();
        const { save, parts } = stores(tracker);
        for (const each of steps) {
          if (each.kind === "note") tracker.note(each.at, standing(each.secretUid, ...each.credentials));
          else if (each.kind === "forget") tracker.forgetNamespace(each.uid, knownAbsent);
          else if (each.kind === "judge") tracker.judged(place(each.uid), [], each.leaving);
          else for (const credential of ["c", "d"]) save(credential);
        }
        for (const credential of ["c", "d"]) save(credential);
        const follower = members();
        for (const [key, rows] of parts) {
          const [credentialUid = "", part] = key.split(" ");
          follower.observed({ credentialUid, part: Number(part) }, () => rows);
        }
        for (const credential of ["c", "d"]) {
          expect(new Set(follower.namespaces(credential))).toEqual(new Set(tracker.namespaces(credential)));
          expect(new Set(follower.mayHold(credential))).toEqual(new Set(tracker.mayHold(credential)));
        }
      }),
    );
  });
});
