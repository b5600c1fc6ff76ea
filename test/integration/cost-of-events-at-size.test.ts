// Tests that what happens to one namespace costs among 10,000 what it costs among 100.
import { expect, it } from "vitest";
import { grownEvents, largeShapes } from "../growth/cost-of-events.ts";

// Ten thousand are served in a minute or two, where nothing else runs.
const timeout = 20 * 60_000;

it.each(Object.entries(largeShapes))(
  "with %s",
  async (_what, shape) => {
    expect(await grownEvents(shape, 100, 10_000)).toEqual([]);
  },
  timeout,
);
