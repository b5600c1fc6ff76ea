// Is only that noted as a member's which stands in the Secret?
import { describe, expect, it } from "vitest";
import { members } from "../../src/reconcile/members.ts";
import type { Context } from "../../src/reconcile/context.ts";
import type { Participant } from "../../src/reconcile/entitlements.ts";
import { noteMembers } from "../../src/reconcile/note-members.ts";
import { credential, secretRecord } from "../plan/objects.ts";

const place = { namespaceUid: "n", secretName: "regcred" };
const participant = (name: string): Participant => ({
  name,
  credential: credential({ name, uid: `uid-${name}` }),
  role: "current",
  entitled: true,
  held: false,
  deleting: false,
  retains: false,
  confirmed: true,
});
const nobodyFrozen = { parts: [], uids: [], kept: new Set<string>(), signature: "" };
const nobodyOrphaned = { names: [], uids: [], gone: [] };

function noted(
  named: readonly string[],
  { orphaned = nobodyOrphaned, frozen = nobodyFrozen }: Partial<Parameters<typeof noteMembers>[4]> = {},
) {
  const book = members();
  book.lead();
  book.note(place, { secretUid: "uid-regcred", merged: false, credentials: ["uid-before", "uid-gone"] });
  const record = secretRecord({ credentials: named });
  noteMembers({ members: book } as unknown as Context, place, record, [participant("a"), participant("b")], {
    orphaned,
    frozen,
  });
  return book.holders(place, "uid-regcred");
}

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
    const frozen = { ...nobodyFrozen, uids: ["uid-before"] };
    expect(noted(["a"], { frozen })).toEqual(["uid-before", "uid-a"]);
  });
});
