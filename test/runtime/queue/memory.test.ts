// What is remembered of a key stays until it is forgotten, or others need its place.
import { expect, it } from "vitest";
import { memory } from "../../../src/runtime/queue/memory.ts";

it("what was made for a key is found again, and made anew when it is forgotten", () => {
  const known = memory<object>();
  const made = known.of("a", () => ({}));
  expect(known.of("a", () => ({}))).toBe(made);
  expect([known.get("a"), known.has("a"), known.get("b"), known.has("b")]).toEqual([made, true, undefined, false]);
  known.forget("a");
  expect(known.has("a")).toBe(false);
});

it("remembers as many as there is room for, and forgets the one that was noted first", () => {
  const known = memory<number>(2);
  for (const [index, key] of ["a", "b", "c"].entries()) known.set(key, index);
  expect(["a", "b", "c"].map((key) => known.get(key))).toEqual([undefined, 1, 2]);
});

it("keeps what is noted again where it was", () => {
  const known = memory<number>(2);
  for (const [index, key] of ["a", "b", "a", "c"].entries()) known.set(key, index);
  expect(["a", "b", "c"].map((key) => known.get(key))).toEqual([undefined, 1, 3]);
});
