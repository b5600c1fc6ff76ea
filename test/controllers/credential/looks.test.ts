// Tests that looks at all that there is cost no more in a second however much that is.
import { expect, it } from "vitest";
import {
  newWaiting,
  nothingLeft,
  restAfter,
  restForLook,
  rests,
} from "../../../src/controllers/credential/plan-drain.ts";
import { type Looks, seldom } from "../../../src/controllers/credential/run.ts";
import { fakeClock } from "../../fake-clock.ts";

const left = (count: number) => ({
  ...nothingLeft,
  secrets: new Set(Array.from({ length: count }, (_, index) => `team-${index}`)),
});

it("a deletion from ten thousand namespaces is looked at every ten seconds, from ten every second", () => {
  const looked = (count: number): number => restAfter(newWaiting(0, false), left(count), 0, 0);
  expect([looked(10), looked(1_000), looked(10_000)]).toEqual([1_000, 1_000, 10_000]);
});

it("and again as soon as half of them are left, or none", () => {
  const waiting = newWaiting(0, false);
  waiting.members = 10_000;
  restAfter(waiting, left(10_000), 0, 0);
  const at = (members: number): boolean => rests(waiting, 5_000, members);
  expect([at(10_000), at(5_001), at(5_000), at(0)]).toEqual([true, true, false, false]);
  expect(rests(waiting, 10_000, 10_000)).toBe(false);
});

it("what was found among ten thousand things counts for ten seconds, among few for no time", async () => {
  const clock = fakeClock();
  const looks: Looks = new Map();
  let looked = 0;
  const look = async (of: number): Promise<number> =>
    seldom(looks, `${of}`, clock, () => {
      looked += 1;
      return Promise.resolve({ found: looked, of });
    });
  const all = [await look(10_000), await look(10_000), await look(10), await look(10)];
  await clock.advance(Temporal.Duration.from({ seconds: 10 }));
  expect([...all, await look(10_000)]).toEqual([1, 1, 2, 3, 4]);
  expect(restForLook(0)).toBe(0);
});
