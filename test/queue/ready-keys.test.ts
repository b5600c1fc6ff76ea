// Is the order of ready keys by rank, fair, and free of starvation?
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lane, lanes } from "../../src/queue/lane-turns.ts";
import { readyKeys, type Ready, type ReadyKeys } from "../../src/queue/ready-keys.ts";

interface Item extends Ready<Item> {
  readonly key: string;
}

function item(key: string, lane: Lane = "normal", flow = ""): Item {
  return { key, lane, flow, line: undefined, previous: undefined, next: undefined };
}

function taken(ready: ReadyKeys<Item>, count: number): string[] {
  return Array.from({ length: count }, () => ready.take()?.key ?? "nothing");
}

describe("ready keys", () => {
  it("leave a flow first in, first out", () => {
    const ready = readyKeys<Item>();
    for (const key of ["a", "b", "c"]) ready.put(item(key));
    expect(taken(ready, 4)).toEqual(["a", "b", "c", "nothing"]);
  });

  it("of a higher lane overtake those of a lower one", () => {
    const ready = readyKeys<Item>();
    for (const lane of lanes.toReversed()) ready.put(item(lane, lane));
    expect(taken(ready, 3)).toEqual(["interactive", "normal", "bulk"]);
  });

  it("of several flows take turns, so that a large one does not hold back a small one", () => {
    const ready = readyKeys<Item>();
    for (const key of ["large 1", "large 2", "large 3"]) ready.put(item(key, "bulk", "large"));
    ready.put(item("small 1", "bulk", "small"));
    expect(taken(ready, 4)).toEqual(["large 1", "small 1", "large 2", "large 3"]);
  });

  it("do not starve: of three busy lanes each gets its share", () => {
    const ready = readyKeys<Item>();
    const picks: Record<Lane, number> = { interactive: 0, normal: 0, bulk: 0 };
    for (const lane of lanes) ready.put(item(lane, lane));
    for (let pick = 0; pick < 160; pick += 1) {
      const got = ready.take();
      if (!got) break;
      picks[got.lane] += 1;
      ready.put(item(got.key, got.lane));
    }
    expect(picks).toEqual({ interactive: 140, normal: 10, bulk: 10 });
  });

  it("can leave from the middle", () => {
    const ready = readyKeys<Item>();
    const middle = item("b");
    for (const each of [item("a"), middle, item("c")]) ready.put(each);
    ready.remove(middle);
    expect(taken(ready, 3)).toEqual(["a", "c", "nothing"]);
  });

  it("are neither lost nor doubled by any order of puts, takes and removals", () => {
    const lane = fc.constantFrom(...lanes);
    const step = fc.oneof(
      fc.record({ put: lane, flow: fc.constantFrom("x", "y", "z") }),
      fc.constant("take" as const),
      fc.record({ remove: fc.nat({ max: 100 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ready = readyKeys<Item>();
        const inside = new Set<Item>();
        const doubled: Item[] = [];
        for (const [index, s] of steps.entries()) {
          if (s === "take") {
            const got = ready.take();
            if (got && !inside.delete(got)) doubled.push(got);
          } else if ("put" in s) {
            const added = item(String(index), s.put, s.flow);
            inside.add(added);
            ready.put(added);
          } else {
            const gone = [...inside][s.remove % Math.max(inside.size, 1)];
            if (!gone) continue;
            inside.delete(gone);
            ready.remove(gone);
          }
          expect(ready.size).toBe(inside.size);
          for (const each of lanes)
            expect(ready.depth(each)).toBe([...inside].filter((one) => one.lane === each).length);
        }
        expect(doubled).toEqual([]);
        expect(taken(ready, inside.size).toSorted()).toEqual([...inside].map(({ key }) => key).toSorted());
      }),
    );
  });
});
