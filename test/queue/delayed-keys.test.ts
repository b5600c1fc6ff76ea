// Does the heap always know which key is due first?
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delayedKeys, notDelayed, type Delayed } from "../../src/queue/delayed-keys.ts";

describe("delayed keys", () => {
  it("come out in the order of their time, whatever was put in and taken out before", () => {
    const step = fc.oneof(
      fc.record({ put: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ remove: fc.nat({ max: 100 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = delayedKeys<Delayed>();
        const inside: Delayed[] = [];
        const gone: Delayed[] = [];
        for (const s of steps) {
          if ("put" in s) {
            const item = { at: s.put, position: notDelayed };
            heap.put(item);
            inside.push(item);
          } else {
            const [item] = inside.splice(s.remove % Math.max(inside.length, 1), 1);
            if (!item) continue;
            heap.remove(item);
            gone.push(item);
          }
          expect(gone.every(({ position }) => position === notDelayed)).toBe(true);
          expect(heap.first()?.at).toBe(inside.length === 0 ? undefined : Math.min(...inside.map(({ at }) => at)));
        }
        const out: number[] = [];
        for (let first = heap.first(); first; first = heap.first()) {
          out.push(first.at);
          heap.remove(first);
        }
        expect(out).toEqual(inside.map(({ at }) => at).toSorted((a, b) => a - b));
      }),
    );
  });
});
