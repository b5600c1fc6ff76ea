// Tests that what happens to one namespace costs the same among many as among few. It counts what V8 executes, in a process of its own.
import { expect, it } from "vitest";
import { grownEvents, shapes } from "./cost-of-events.ts";

it.each(Object.entries(shapes))("with %s", async (_what, shape) => {
  expect(await grownEvents(shape, 20, 200)).toEqual([]);
});
