// Tests that the namespaces that hold a login are known, and that what is stored of them is small and complete.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MemberRow, type MembersPart, rowsPerPart } from "../../src/cluster/member-rows.ts";
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import { type Members, members } from "../../src/entitlement/members.ts";

const place = (namespaceUid: string, secretName = "regcred") => ({ namespaceUid, secretName });
const standing = (secretUid: string, ...credentials: readonly string[]) => ({ secretUid, merged: false, credentials });

/** Stores what is unsaved, as the API server would hold it. */
function stores(book: Members): {
  readonly parts: Map<string, readonly MemberRow[]>;
  readonly save: (uid: string) => number;
} {
  const parts = new Map<string, readonly MemberRow[]>();
  return {
    parts,
    save: (credentialUid) => {
      const unsaved = book.unsaved(credentialUid);
      for (const [part, rows] of unsaved) {
        book.saved({ credentialUid, part });
        if (rows) parts.set(`${credentialUid} ${part}`, structuredClone(rows));
        else parts.delete(`${credentialUid} ${part}`);
      }
      return unsaved.size;
    },
  };
}

function leading(): Members {
  const book = members();
  book.lead();
  return book;
}

it("a namespace that goes while a replica stands by is in the record until somebody leads", () => {
  const book = members();
  const row = { ...place("n"), secretUid: "s", merged: false, former: false };
  book.observed({ credentialUid: "c", part: 0 }, [row]);
  book.forgetNamespace("n", knownAbsent);
  book.lead();
  expect([...book.mayHold("c")]).toEqual(["n"]);
  book.forgetNamespace("n", knownAbsent);
  expect([[...book.mayHold("c")], [...book.unsaved("c")]]).toEqual([[], [[0, []]]]);
});

describe("a member of whom nothing was found out", () => {
  it("stays what it was, whatever becomes of the Secret beside it", () => {
    const book = leading();
    book.note(place("n"), standing("s", "c", "d"));
    book.judged(place("n"), ["d"], ["c"]);
    for (const now of [standing("s", "d"), standing("s"), undefined]) {
      book.note(place("n"), now, ["c"]);
      expect([book.has("c", "n"), book.holds(place("n"), "s", "c"), [...book.mayHold("c")]]).toEqual([
        false,
        true,
        ["n"],
      ]);
    }
    book.note(place("n"), standing("t"), ["c"]);
    expect([book.holds(place("n"), "t", "c"), book.mayHoldIn("c", "n"), book.mayHoldIn("d", "n")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is made none by that", () => {
    const book = leading();
    book.note(place("n"), standing("s", "d"), ["c"]);
    expect(book.holds(place("n"), "s", "c")).toBe(false);
  });
});

describe("a member", () => {
  it("is a namespace into whose Secret a login was put, until nothing is left in any of its Secrets", () => {
    const book = leading();
    book.note(place("n"), standing("s", "c", "d"));
    book.note(place("n", "old"), standing("t", "c"));
    expect([book.has("c", "n"), book.has("d", "n"), book.has("e", "n"), book.count("c")]).toEqual([
      true,
      true,
      false,
      1,
    ]);
    book.note(place("n"), standing("s", "d"));
    expect([book.has("c", "n"), book.has("d", "n")]).toEqual([true, true]);
    book.note(place("n", "old"), undefined);
    expect([book.has("c", "n"), book.count("c")]).toEqual([false, 0]);
  });

  it("goes with its namespace and with its credential", () => {
    const book = leading();
    book.note(place("n"), standing("s", "c", "d"));
    book.note(place("m"), standing("t", "c"));
    book.forgetNamespace("n", knownAbsent);
    expect([[...book.namespaces("c")], [...book.namespaces("d")]]).toEqual([["m"], []]);
    book.forgetCredential("c", knownAbsent);
    expect(book.count("c")).toBe(0);
  });

  it("tells when it becomes one and when it ceases to be one, once each", () => {
    const book = leading();
    const reported: string[] = [];
    book.subscribe({ changed: (...what) => reported.push(what.join(" ")), unsaved: () => undefined });
    book.note(place("n"), standing("s", "c"));
    book.note(place("n"), standing("s", "c"));
    book.note(place("n", "old"), standing("t", "c"));
    book.note(place("n"), undefined);
    book.note(place("n", "old"), undefined);
    expect(reported).toEqual(["c n", "c n"]);
  });
});

describe("what is told of members", () => {
  const listened = (book: Members) => {
    const changed: string[] = [];
    const unsaved: string[] = [];
    book.subscribe({ changed: (...what) => changed.push(what.join(" ")), unsaved: (of) => unsaved.push(of) });
    return { changed, unsaved };
  };

  it("is that something is to be stored, once until it is", () => {
    const book = leading();
    const { unsaved } = listened(book);
    book.begin("c");
    stores(book).save("c");
    for (const of of ["n", "m"]) book.note(place(of), standing("s", "c"));
    expect(unsaved).toEqual(["c", "c"]);
  });

  it("is nothing where what was taken back is first heard of, and where it goes", () => {
    const book = members();
    const { changed } = listened(book);
    const row = { ...place("n"), secretUid: "s", merged: false, former: true };
    book.observed({ credentialUid: "c", part: 0 }, [row]);
    book.lead();
    book.note(place("n"), undefined);
    expect([changed, [...book.mayHold("c")]]).toEqual([[], []]);
  });

  it("is what a follower hears: a member that was taken back, and one that has the login again", () => {
    const book = members();
    const { changed } = listened(book);
    const row = { ...place("n"), secretUid: "s", merged: false, former: false };
    for (const former of [false, true, false]) {
      book.observed({ credentialUid: "c", part: 0 }, [{ ...row, former }]);
      expect(book.has("c", "n")).toBe(!former);
    }
    expect(changed).toEqual(["c n", "c n", "c n"]);
  });
});

describe("what is taken back", () => {
  it("makes its namespace a member no more, though something may be left of it, until it is entitled again", () => {
    const book = leading();
    const reported: string[] = [];
    book.subscribe({ changed: (...what) => reported.push(what.join(" ")), unsaved: () => undefined });
    book.note(place("n"), standing("s", "c", "d"));
    book.judged(place("n"), ["d"], ["c"]);
    expect([book.has("c", "n"), book.count("c"), [...book.mayHold("c")]]).toEqual([false, 0, ["n"]]);
    expect([book.holds(place("n"), "s", "c"), book.owns(place("n"), "s"), book.has("d", "n")]).toEqual([
      true,
      true,
      true,
    ]);
    book.note(place("n"), standing("s", "c", "d"));
    expect([book.has("c", "n"), book.count("c")]).toEqual([true, 1]);
    expect(reported).toEqual(["c n", "d n", "c n", "c n"]);
  });

  it("is in no Secret that somebody else has made there since", () => {
    const book = leading();
    book.note(place("n"), standing("s", "c", "d"));
    book.judged(place("n"), ["d"], []);
    expect([[...book.mayHold("c")], book.has("d", "n")]).toEqual([[], true]);
  });

  it("is so where the record is kept, and of whom there is one: what a follower or an upgrade knows is not decided yet", () => {
    const book = members();
    book.observed({ credentialUid: "c", part: 0 }, [{ ...place("n"), secretUid: "s", merged: false, former: false }]);
    book.takeBack("c", "n");
    expect(book.has("c", "n")).toBe(true);
    book.lead();
    book.takeBack("c", "n");
    expect(book.has("c", "n")).toBe(false);
    book.note(place("n"), standing("s", "d"));
    book.takeBack("d", "n");
    expect([book.recorded("d"), book.has("d", "n")]).toEqual([false, true]);
  });

  it("stays so over a restart", () => {
    const book = leading();
    const { save, parts } = stores(book);
    book.note(place("n"), standing("s", "c"));
    save("c");
    book.judged(place("n"), [], ["c"]);
    save("c");
    const follower = members();
    follower.observed({ credentialUid: "c", part: 0 }, parts.get("c 0"));
    expect([follower.has("c", "n"), follower.holds(place("n"), "s", "c")]).toEqual([false, true]);
  });
});

describe("a Secret", () => {
  it("is known by its uid, and not where it is somebody else's or was made anew", () => {
    const book = leading();
    book.note(place("n"), standing("s", "c"));
    book.note(place("m"), { ...standing("t", "c"), merged: true });
    expect([book.owns(place("n"), "s"), book.owns(place("n"), "s2"), book.owns(place("m"), "t")]).toEqual([
      true,
      false,
      false,
    ]);
    expect([
      book.holds(place("m"), "t", "c"),
      book.holds(place("m"), "t", "d"),
      book.holds(place("n"), "s2", "c"),
    ]).toEqual([true, false, false]);
    expect([book.holders(place("n"), "s"), book.holders(place("n"), "s2")]).toEqual([["c"], []]);
    expect([book.merged(place("m"), "t"), book.merged(place("m"), "t2"), book.merged(place("n"), "s")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("is nobody's in whom nothing of ours is left, or ever was", () => {
    const book = leading();
    book.note(place("n"), standing("s"));
    expect(book.owns(place("n"), "s")).toBe(false);
    book.note(place("n"), standing("s", "c"));
    book.note(place("n"), undefined);
    expect(book.owns(place("n"), "s")).toBe(false);
  });

  it("is stored again where it was made anew, or was adopted, under the same members", () => {
    const book = leading();
    const { save, parts } = stores(book);
    book.note(place("n"), standing("s", "c"));
    save("c");
    for (const now of [
      { ...standing("t", "c"), merged: true },
      { ...standing("t", "c"), merged: false },
    ]) {
      book.note(place("n"), now);
      expect([save("c"), parts.get("c 0")]).toEqual([
        1,
        [{ ...place("n"), secretUid: "t", merged: now.merged, former: false }],
      ]);
      expect(book.merged(place("n"), "t")).toBe(now.merged);
    }
    book.note(place("n"), standing("u", "c"));
    expect([save("c"), parts.get("c 0")?.[0]?.secretUid]).toEqual([1, "u"]);
  });
});

describe("the record", () => {
  it("of a credential that is gone is gone whole, and begins anew", () => {
    const book = leading();
    book.begin("c");
    book.note(place("n"), standing("s", "c"));
    book.forgetCredential("c", knownAbsent);
    expect([book.recorded("c"), book.has("c", "n"), book.mayHoldIn("c", "n"), book.holders(place("n"), "s")]).toEqual([
      false,
      false,
      false,
      [],
    ]);
  });

  it("is not there of whom a part is only heard to have gone", () => {
    const book = members();
    book.observed({ credentialUid: "c", part: 3 }, undefined);
    expect(book.recorded("c")).toBe(false);
  });

  it("of before, without members, is written again where somebody deletes it", () => {
    const book = members();
    book.observed({ credentialUid: "c", part: 0 }, []);
    book.lead();
    book.observed({ credentialUid: "c", part: 0 }, undefined);
    expect([...book.unsaved("c")]).toEqual([[0, []]]);
  });

  it("tells the Secrets of one namespace apart", () => {
    const book = members();
    const row = { secretUid: "s", merged: false, former: false };
    const part = { credentialUid: "c", part: 0 };
    book.observed(part, [
      { ...row, ...place("n") },
      { ...row, ...place("n", "old") },
    ]);
    book.observed(part, [{ ...row, ...place("n") }]);
    expect([book.holders(place("n"), "s"), book.holders(place("n", "old"), "s")]).toEqual([["c"], []]);
  });

  it("is stored part by part: one namespace more is one part, whatever there is already", () => {
    const book = leading();
    const { save, parts } = stores(book);
    book.begin("c");
    for (let index = 0; index < 3 * rowsPerPart; index += 1) book.note(place(`n${index}`), standing(`s${index}`, "c"));
    expect(save("c")).toBe(3);
    expect(save("c")).toBe(0);
    book.note(place("one more"), standing("s", "c"));
    expect(save("c")).toBe(1);
    for (let index = 0; index < rowsPerPart; index += 1) book.note(place(`n${index + rowsPerPart}`), undefined);
    expect(save("c")).toBe(1);
    expect([...parts.keys()]).toEqual(["c 0", "c 2", "c 3"]);
  });

  it("is there without members too, so that it is known to have been begun", () => {
    const book = leading();
    const { save, parts } = stores(book);
    expect(book.recorded("c")).toBe(false);
    book.begin("c");
    expect([save("c"), parts.get("c 0"), book.recorded("c")]).toEqual([1, [], true]);
  });

  it("is written again where somebody deletes it, and where a write failed", () => {
    const book = leading();
    const { save } = stores(book);
    book.begin("c");
    save("c");
    const part: MembersPart = { credentialUid: "c", part: 0 };
    let reported = 0;
    book.subscribe({ changed: () => undefined, unsaved: () => (reported += 1) });
    // Who has failed comes back by itself, as soon as its failure says.
    book.spoiled(part);
    expect([reported, save("c")]).toEqual([0, 1]);
    book.note(place("n"), standing("s", "c"));
    save("c");
    book.observed(part, undefined);
    expect(save("c")).toBe(1);
  });

  it("is followed by who does not lead, and not believed by who does", () => {
    const row: MemberRow = { ...place("n"), secretUid: "s", merged: false, former: false };
    const part = { credentialUid: "c", part: 0 };
    const follower = members();
    follower.observed(part, [row, { ...row, namespaceUid: "m" }]);
    follower.observed(part, [row]);
    expect([[...follower.namespaces("c")], follower.recorded("c")]).toEqual([["n"], true]);
    follower.lead();
    expect(follower.unsaved("c").size).toBe(0);
    follower.observed(part, [{ ...row, namespaceUid: "forged" }]);
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
        const book = leading();
        const { save, parts } = stores(book);
        for (const each of steps) {
          if (each.kind === "note") book.note(each.at, standing(each.secretUid, ...each.credentials));
          else if (each.kind === "forget") book.forgetNamespace(each.uid, knownAbsent);
          else if (each.kind === "judge") book.judged(place(each.uid), [], each.leaving);
          else for (const credential of ["c", "d"]) save(credential);
        }
        for (const credential of ["c", "d"]) save(credential);
        const follower = members();
        for (const [key, rows] of parts) {
          const [credentialUid = "", part] = key.split(" ");
          follower.observed({ credentialUid, part: Number(part) }, rows);
        }
        for (const credential of ["c", "d"]) {
          expect(new Set(follower.namespaces(credential))).toEqual(new Set(book.namespaces(credential)));
          expect(new Set(follower.mayHold(credential))).toEqual(new Set(book.mayHold(credential)));
        }
      }),
    );
  });
});
