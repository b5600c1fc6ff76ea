// Tests that what tenants have in the end is what the oracle of the failure test says, on a real API server too.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { histories } from "../world/steps.ts";
import { type OutsideWorld, outsideWorld } from "./outside-world.ts";

/** The histories of a seed are the same on every machine; what is done of each is its beginning. */
const seed = 1;
const count = 24;
const steps = 8;

describe("the histories of the failure test, from outside", () => {
  let world: OutsideWorld;
  beforeAll(async () => {
    world = await outsideWorld();
  });
  afterAll(() => world?.close());

  const played = fc.sample(histories, { seed, numRuns: count }).map((each) => each.slice(0, steps));
  it.each(played.map((history, index) => [index, history] as const))("number %i", async (_index, history) => {
    expect([await world.play(history), ...history.map((each) => JSON.stringify(each.does))].slice(0, 1)).toEqual([[]]);
  });
});
