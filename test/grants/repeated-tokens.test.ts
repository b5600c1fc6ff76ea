// Tests of learning, and unlearning, that a source hands out the same token again.
import { describe, expect, it } from "vitest";
import { repeatsByGrant } from "../../src/grants/repeated-tokens.ts";
import { fakeClock } from "../fake-clock.ts";

const hours = (count: number): Temporal.Duration => Temporal.Duration.from({ hours: count });

describe("a source", () => {
  it("is known to repeat from the first time, and counted once for each token", () => {
    const clock = fakeClock();
    const repeats = repeatsByGrant(clock);
    repeats.again("a");
    repeats.again("a");
    expect(repeats.of("a")).toMatchObject({ at: clock.now(), tokens: 1 });
    repeats.anew("a");
    repeats.again("a");
    expect([repeats.of("a")?.tokens, repeats.of("b"), [...repeats.keys()]]).toEqual([2, undefined, ["a"]]);
  });

  it("that gives another token at half of its life is one that does not repeat", () => {
    const repeats = repeatsByGrant(fakeClock());
    repeats.again("a");
    repeats.anew("a");
    repeats.anew("a");
    expect(repeats.of("a")).toBeUndefined();
  });

  it("is believed for a day, then one token is asked for at half of its life", async () => {
    const clock = fakeClock();
    const repeats = repeatsByGrant(clock);
    for (let token = 0; token < 2; token += 1) {
      repeats.again("a");
      repeats.anew("a");
    }
    await clock.advance(hours(23));
    repeats.anew("a");
    expect(repeats.of("a")).toMatchObject({ at: undefined, tokens: 2 });
    await clock.advance(hours(1));
    repeats.anew("a");
    expect(repeats.of("a")).toMatchObject({ at: undefined, tokens: 1 });
  });

  it("of a grant that is forgotten is forgotten", () => {
    const repeats = repeatsByGrant(fakeClock());
    repeats.again("a");
    repeats.forget("a");
    expect([...repeats.keys()]).toEqual([]);
  });
});
