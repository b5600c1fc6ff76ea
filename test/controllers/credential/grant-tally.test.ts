// Tests that what is told of grants follows the time and each of them, though only what has changed is looked at.
import { expect, it } from "vitest";
import type { Token } from "../../../src/cluster/token.ts";
import { grantTally } from "../../../src/controllers/credential/grant-tally.ts";
import type { GrantView } from "../../../src/controllers/credential/plan-types.ts";
import { minute } from "../../entitlement/objects.ts";

const token = (grantKey: string, expiresAt: Temporal.Instant | undefined): GrantView => ({
  token: { grantKey, issuedAt: minute(0), expiresAt, state: "Issued" } as Token,
  failure: undefined,
});

it("a token that nobody has changed is told as expired from its end on, and one after the other", () => {
  const views: Readonly<Record<string, GrantView>> = {
    late: token("late", minute(20)),
    soon: token("soon", minute(10)),
    endless: token("endless", undefined),
  };
  const looked: string[] = [];
  const grants = grantTally((key) => {
    looked.push(key);
    return views[key] ?? { token: undefined, failure: undefined };
  });
  for (const key of Object.keys(views)) grants.add(key);
  const told = (at: number) => {
    const { state, expiresAt, blocking } = grants.view(minute(at));
    return [state, expiresAt?.toString(), blocking.map(({ reason }) => reason)];
  };
  expect(told(9)).toEqual(["Issued", minute(10).toString(), []]);
  looked.length = 0;
  expect(told(10)).toEqual(["Expired", minute(10).toString(), ["TokenExpired"]]);
  expect(looked).toEqual(["soon"]);
  grants.remove("soon");
  expect(told(19)).toEqual(["Issued", minute(20).toString(), []]);
  expect(told(20)).toEqual(["Expired", minute(20).toString(), ["TokenExpired"]]);
});
