// Tests of lost write races (409 Conflict): a write that came too late is reported only where it always does.
import { expect, it } from "vitest";
import { alwaysTooLate, lostAgain, type LostRaces } from "../../src/controllers/lost-races.ts";

const secret = { kind: "Secret", namespace: "team-a", name: "regcred" } as const;
const losing = (...versions: readonly string[]): LostRaces | undefined =>
  versions.reduce<LostRaces | undefined>(lostAgain, undefined);

it("is told from the fifth in a row on, with object and field", () => {
  const four = losing("1", "2", "3", "4");
  expect(four && alwaysTooLate(four, secret)).toBeUndefined();
  const five = losing("1", "2", "3", "4", "5");
  expect(five && alwaysTooLate(five, secret)).toMatchObject({
    reason: "Contested",
    cause: "Tenant",
    retry: "backoff",
    message: expect.stringMatching(/Secret team-a\/regcred .*metadata\.managedFields/) as string,
  });
});

it("counts once while the watch shows nothing newer", () => {
  expect(losing("1", "1", "1", "1", "1", "2")).toEqual({ resourceVersion: "2", count: 2 });
});
