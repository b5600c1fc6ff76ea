// Tests that a small map is a Map, however many entries it has had.
import fc from "fast-check";
import { expect, it } from "vitest";
import { SmallMap } from "../../src/runtime/small-map.ts";

const key = fc.constantFrom("a", "b", "c");
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key, value: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant("delete" as const), key }),
);

it("holds what a Map would, in the same order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const small = new SmallMap<string, number>();
      const map = new Map<string, number>();
      for (const each of steps) {
        const both = [small, map].map((of) =>
          each.kind === "set" ? of.set(each.key, each.value).size : of.delete(each.key),
        );
        expect(both[0]).toBe(both[1]);
      }
      expect(small.size).toBe(map.size);
      expect(small.entries()).toEqual([...map]);
      expect(small.keys()).toEqual([...map.keys()]);
      expect(small.values()).toEqual([...map.values()]);
      for (const at of ["a", "b", "c"]) expect([small.get(at), small.has(at)]).toEqual([map.get(at), map.has(at)]);
    }),
  );
});
