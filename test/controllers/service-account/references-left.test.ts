// Tests of how many references a Secret waits for that is to be deleted.
import { contextOf } from "../context-of.ts";
import { describe, expect, it, vi } from "vitest";
import type { ServiceAccountRecord } from "../../../src/cluster/records.ts";
import { referencesTo } from "../../../src/controllers/service-account/observe.ts";
import { failure, serviceAccount } from "../../entitlement/objects.ts";

function left(
  accounts: readonly ServiceAccountRecord[],
  given: { readonly hidden?: true; readonly over?: true } = {},
): number {
  const context = {
    credentials: { statusCache: { references: () => ({ left: new Set(given.over ? ["regcred"] : []) }) } },
    cluster: {
      stores: { serviceAccounts: { byIndex: () => accounts } },
      permissions: { serviceAccounts: () => (given.hidden ? failure() : undefined) },
    },
  };
  return referencesTo(contextOf(context), "team-a", "regcred");
}

describe("a Secret that goes", () => {
  it("waits for each account that refers to it, and for none where all may be seen and none does", () => {
    const refers = serviceAccount({ references: ["own", "regcred"] });
    expect([left([refers, serviceAccount()]), left([serviceAccount()]), left([])]).toEqual([1, 0, 0]);
  });

  it("goes by the record where the list is too long to be known, and parses none", () => {
    const parse = vi.spyOn(JSON, "parse");
    const waits = ["own", "regcred", "regcred-2"].map((name) =>
      left([serviceAccount({ references: undefined, record: JSON.stringify([name]) })]),
    );
    expect([waits, parse.mock.calls.length]).toEqual([[0, 1, 0], 0]);
    parse.mockRestore();
  });

  it("waits, too, where the accounts may not be seen, until it has waited for long enough", () => {
    expect([left([], { hidden: true }), left([], { hidden: true, over: true })]).toEqual([1, 0]);
  });
});
