// Tests that a record of members comes back from its Secrets as it was stored.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { membersPartOf, membersSecretName, rowsFromData, rowsToData } from "../../src/cluster/member-rows.ts";

const row = fc.record({
  namespaceUid: fc.uuid(),
  secretName: fc.constantFrom("regcred", "old", "a.b-c"),
  secretUid: fc.uuid(),
  merged: fc.boolean(),
  former: fc.boolean(),
});

describe("a record of members", () => {
  it("comes back as it was put in", () => {
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: ({ namespaceUid }) => namespaceUid }), (rows) => {
        expect(new Set(rowsFromData(rowsToData(rows)))).toEqual(new Set(rows));
      }),
    );
  });

  it("has the same bytes for the same members, whatever their order", () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(rowsToData(rows.toReversed())).toEqual(rowsToData(rows));
      }),
    );
  });

  it.each(["", "x", "a ", " b", "a  former", "\u0000"])("makes nobody a member by the line %j", (line) => {
    expect(rowsFromData({ regcred: Buffer.from(line).toString("base64") })).toEqual([]);
  });

  it("is read without what a later release has added to it", () => {
    const data = { regcred: Buffer.from("a b since=1\nc d merged since=1 former\n").toString("base64"), later: "" };
    expect(rowsFromData(data)).toEqual([
      { namespaceUid: "a", secretName: "regcred", secretUid: "b", merged: false, former: false },
      { namespaceUid: "c", secretName: "regcred", secretUid: "d", merged: true, former: true },
    ]);
  });

  it("names its Secrets so that credential and part are read back", () => {
    const part = { credentialUid: "3f1c7f2e-6b1a-4f43-8f6e-1c9d6f0b7a11", part: 12 };
    expect(membersPartOf(membersSecretName(part))).toEqual(part);
    for (const name of [
      "regcred",
      "regcred-token-a",
      "regcred-members-a",
      "regcred-members-a-01",
      "x-regcred-members-a-1",
    ]) {
      expect(membersPartOf(name)).toBeUndefined();
    }
  });
});
