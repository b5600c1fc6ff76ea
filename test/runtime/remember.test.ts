// Is what was noted first forgotten first, and no earlier than there is too much?
import { expect, it } from "vitest";
import { remember } from "../../src/runtime/remember.ts";

it("what was noted first is forgotten when there is too much, and what is noted again stays where it was", () => {
  const map = new Map<string, number>();
  remember(map, "a", 1, 2);
  remember(map, "b", 2, 2);
  expect([...map]).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  remember(map, "a", 3, 2);
  remember(map, "c", 4, 2);
  expect([...map]).toEqual([
    ["b", 2],
    ["c", 4],
  ]);
});
