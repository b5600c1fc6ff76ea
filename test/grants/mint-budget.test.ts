// Tests of the mint budget: a namespace has what an hour allows, to the last login, and who is left out when it is used up.
import { describe, expect, it } from "vitest";
import { grantsWithinBudget } from "../../src/grants/mint-budget.ts";
import { mintBudget } from "../../src/grants/mint-budget.ts";
import { fakeClock } from "../fake-clock.ts";

const needs = Array.from({ length: 40 }, (_, index) => index + 1);

describe("the budget of a namespace", () => {
  it("is twenty logins, or ten times what it needs, whatever that is divided into", () => {
    const minted = needs.map((needed) => {
      const budget = mintBudget();
      let count = 0;
      while (budget.mayMint("team-a", needed, 0)) count += 1;
      return count;
    });
    expect(minted).toEqual(needs.map((needed) => Math.max(20, 10 * needed)));
  });

  it("lets it overtake with what it needs once, and with no more", () => {
    const urgent = needs.map((needed) => {
      const budget = mintBudget();
      for (let count = 0; count < needed; count += 1) budget.mayMint("team-a", needed, 0);
      const first = budget.isUrgent("team-a", needed, 0);
      budget.mayMint("team-a", needed, 0);
      return [first, budget.isUrgent("team-a", needed, 0)];
    });
    expect(new Set(urgent.map(String))).toEqual(new Set(["true,false"]));
  });
});

describe("the grants of a Secret", () => {
  const user = "secret/team-a/regcred";
  const all = (...keys: readonly string[]): ReadonlyMap<string, true> => new Map(keys.map((key) => [key, true]));

  it("that are not new are within it, however many new ones are left out, and those may come in time", async () => {
    const clock = fakeClock();
    const grants = grantsWithinBudget(clock, (key) => key !== "old");
    for (let count = 0; count < 20; count += 1) grants.within(user, all(`new-${count}`));
    expect([...grants.within(user, all("old", "late")).keys()]).toEqual(["old"]);
    expect([grants.leftOut(user, "old"), (grants.leftOut(user, "late") ?? 0) > 0]).toEqual([undefined, true]);
    await clock.advance(Temporal.Duration.from({ hours: 2 }));
    expect(grants.leftOut(user, "late")).toBe(0);
    expect([...grants.within(user, all("old", "late")).keys()]).toEqual(["old", "late"]);
    expect(grants.leftOut(user, "late")).toBeUndefined();
  });
});
