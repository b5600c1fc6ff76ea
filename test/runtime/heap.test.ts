// Tests that the heap always knows which of its items come first.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heap as heapOf, notPlaced, type Placed } from "../../src/runtime/heap.ts";

interface Timed extends Placed {
  readonly at: number;
}

const timed = () => heapOf<Timed>((one, other) => one.at < other.at);

function* orders(of: readonly number[]): Generator<readonly number[]> {
  if (of.length === 0) yield [];
  for (const first of of) for (const rest of orders(of.filter((each) => each !== first))) yield [first, ...rest];
}

describe("the items of a heap", () => {
  it("come out in the order of their time, whichever of seven is taken out of whichever order", () => {
    const wrong: string[] = [];
    const all = [1, 2, 3, 4, 5, 6, 7];
    for (const order of orders(all)) {
      for (const taken of all) {
        const heap = timed();
        const items = order.map((at) => ({ at, position: notPlaced }));
        for (const item of items) heap.put(item);
        const item = items[taken - 1];
        if (item) heap.remove(item);
        const out: number[] = [];
        for (let first = heap.first(); first; first = heap.first()) {
          out.push(first.at);
          heap.remove(first);
        }
        if (out.some((at, index) => at < (out[index - 1] ?? 0))) wrong.push(`${order.join(" ")} without ${item?.at}`);
      }
    }
    expect(wrong).toEqual([]);
  });
  it("come out in the order of their time, whatever was put in and taken out before", () => {
    const step = fc.oneof(
      fc.record({ put: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ remove: fc.nat({ max: 100 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = timed();
        const inside: Timed[] = [];
        const gone: Timed[] = [];
        for (const s of steps) {
          if ("put" in s) {
            const item = { at: s.put, position: notPlaced };
            heap.put(item);
            inside.push(item);
          } else {
            const [item] = inside.splice(s.remove % Math.max(inside.length, 1), 1);
            if (!item) continue;
            heap.remove(item);
            gone.push(item);
          }
          expect(gone.every(({ position }) => position === notPlaced)).toBe(true);
          expect(heap.firstOnes(3).map(({ at }) => at)).toEqual(
            inside
              .map(({ at }) => at)
              .toSorted((a, b) => a - b)
              .slice(0, 3),
          );
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
