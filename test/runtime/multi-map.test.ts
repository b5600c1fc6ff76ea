// Tests that a multimap keeps for each key what a Map of Sets would, in the order in which it came.
import fc from "fast-check";
import { expect, it } from "vitest";
import { MultiMap } from "../../src/runtime/multi-map.ts";

const key = fc.constantFrom("a", "b");
const value = fc.constantFrom("x", "y", "z");
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), key, value }),
  fc.record({ kind: fc.constant("delete" as const), key, value }),
  fc.record({ kind: fc.constant("forget" as const), key, value }),
);

it("holds what was added to a key and not taken from it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const map = new MultiMap<string, string>();
      const sets: Record<string, Set<string>> = { a: new Set(), b: new Set() };
      for (const { kind, key: at, value: what } of steps) {
        if (kind === "forget") {
          map.forget(at);
          sets[at]?.clear();
        } else {
          map[kind](at, what);
          sets[at]?.[kind](what);
        }
      }
      const held = Object.entries(sets).filter(([, of]) => of.size > 0);
      expect([...map.keys()].toSorted()).toEqual(held.map(([at]) => at));
      expect(map.size).toBe(held.length);
      for (const [at, of] of Object.entries(sets)) {
        expect(map.of(at)).toEqual([...of]);
        for (const what of ["x", "y", "z"]) expect(map.has(at, what)).toBe(of.has(what));
      }
    }),
  );
});

it("gives what a key has at that moment, whatever becomes of it meanwhile", () => {
  const map = new MultiMap<string, string>().add("a", "x").add("a", "y").add("a", "z");
  const seen: string[] = [];
  for (const each of map.of("a")) {
    seen.push(each);
    for (const other of ["x", "y", "z"]) map.delete("a", other);
  }
  expect([seen, map.of("a")]).toEqual([["x", "y", "z"], []]);
});

it("has nothing of any key once it is cleared", () => {
  const map = new MultiMap<string, string>().add("a", "x");
  map.clear();
  expect([map.size, map.of("a")]).toEqual([0, []]);
});
