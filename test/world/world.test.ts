// Tests that the operator keeps its promises through failures of every kind. Histories are invented, played in virtual time,
// and shrunk where one fails.
import { describe, expect, it } from "vitest";
import { firstFailure } from "./first-failure.ts";
import { complaintsOf } from "./history.ts";
import { known } from "./known.ts";

/** Each gives the same histories on every machine. New ones: npm run world. */
const seeds = [1, 107, 115];
const historiesPerSeed = 25;
/** Milliseconds; a busy machine may take as long as that for what is seconds. */
const patience = 120_000;

describe("the world that plays failures", { timeout: patience }, () => {
  it.each(seeds)("is served through the histories of seed %i", async (seed) => {
    const failure = firstFailure({ seed, histories: historiesPerSeed, mayShorten: () => true });
    expect(await failure).toBeUndefined();
  });

  // By `%s`, which cuts nothing off: a fault names its history by a part of what it is called.
  it.each(known.map(({ what, steps }) => [what, steps] as const))("%s", async (_what, steps) => {
    expect(await complaintsOf(steps, () => true)).toEqual([]);
  });
});
