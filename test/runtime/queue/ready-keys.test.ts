// Tests that the order of ready keys is by rank, fair, and free of starvation.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Gate, GateListener } from "../../../src/runtime/queue/gate.ts";
import { type Lane, lanes } from "../../../src/runtime/queue/lane-turns.ts";
import { readyKeys, type Ready, type ReadyKeys } from "../../../src/runtime/queue/ready-keys.ts";

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

/** Keys are written LACKS/NAME; who lacks nothing has `free/NAME`. */
function gated() {
  const rooms = new Map<string, number>();
  const asked: string[] = [];
  let listener: GateListener | undefined;
  const lineOf = (key: string): string => key.split("/")[0] ?? "";
  const gate: Gate = {
    lineOf: (key) => (lineOf(key) === "free" ? undefined : { name: lineOf(key), subject: `subject of ${lineOf(key)}` }),
    enter: (key) => {
      asked.push(key);
      const missing = lineOf(key)
        .split("+")
        .filter((name) => (rooms.get(name) ?? 0) === 0 && name !== "free");
      if (missing.length > 0) return missing[0];
      for (const name of lineOf(key).split("+")) rooms.set(name, (rooms.get(name) ?? 0) - 1);
      return undefined;
    },
    hasRoom: (name) => (rooms.get(name) ?? 0) > 0,
    isNewestFirst: (name) => name.startsWith("newest"),
    leave: () => undefined,
    listen: (given) => {
      listener = given;
    },
  };
  const ready = readyKeys<Item>(gate);
  const room = (name: string, count = 1): void => {
    rooms.set(name, (rooms.get(name) ?? 0) + count);
    for (let index = 0; index < count; index += 1) listener?.room(name);
  };
  return { ready, room, asked, changed: (line: string) => listener?.changed(`subject of ${line}`) };
}

describe("ready keys behind a gate", () => {
  it("stand aside together for what they lack, and hold up no others", () => {
    const { ready, asked } = gated();
    for (let index = 0; index < 100; index += 1) ready.put(item(`x/${index}`));
    ready.put(item("free/a", "bulk"));
    expect([taken(ready, 2), asked.length, ready.size, [...ready.aside()]]).toEqual([
      ["free/a", "nothing"],
      2,
      100,
      [["x", 100]],
    ]);
  });

  it("are called one line for each place, the highest lane first, and the next where one does not take it", () => {
    const { ready, room } = gated();
    for (const [key, lane] of [
      ["x/1", "bulk"],
      ["x+y/2", "normal"],
      ["x/3", "interactive"],
    ] as const)
      ready.put(item(key, lane));
    expect(taken(ready, 1)).toEqual(["nothing"]);
    room("x", 1);
    expect(taken(ready, 2)).toEqual(["x/3", "nothing"]);
    room("x", 1);
    expect([taken(ready, 2), [...ready.aside()]]).toEqual([["x/1", "nothing"], [["y", 1]]]);
    room("y", 1);
    expect([taken(ready, 1), [...ready.aside()]]).toEqual([["nothing"], [["x", 1]]]);
    room("x", 1);
    expect(taken(ready, 1)).toEqual(["x+y/2"]);
  });

  it("do not starve in a lower lane for want of a place that all lanes want", () => {
    const { ready, room } = gated();
    ready.put(item("x/low", "bulk"));
    const order: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      ready.put(item(`x/${index}`, "interactive"));
      taken(ready, 0);
      ready.take();
      room("x", 1);
      order.push(ready.take()?.key ?? "nothing");
    }
    expect(order).toContain("x/low");
  });

  it("that need something else by now hold up none of those beside which they stood", () => {
    const moved = new Set<string>();
    const gate: Gate = {
      lineOf: (key) => (moved.has(key) ? { name: "x", subject: "x" } : undefined),
      enter: (key) => (moved.has(key) ? "x" : undefined),
      hasRoom: () => false,
      isNewestFirst: () => false,
      leave: () => undefined,
      listen: () => undefined,
    };
    const ready = readyKeys<Item>(gate);
    for (const key of ["a", "b"]) ready.put(item(key));
    moved.add("a");
    expect([taken(ready, 2), [...ready.aside()]]).toEqual([["b", "nothing"], [["x", 1]]]);
  });

  it("that have had no turn go before those that have, the newest first, where the gate says so", () => {
    const { ready, room } = gated();
    room("newest");
    for (const key of ["newest/1", "newest/2"]) ready.put(item(key));
    expect(taken(ready, 2)).toEqual(["newest/1", "nothing"]);
    for (const key of ["a+newest/1", "b+newest/1", "c+newest/1"]) {
      room(key.slice(0, 1));
      ready.put(item(key));
      taken(ready, 1);
    }
    room("newest", 1);
    const order: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      order.push(...taken(ready, 1));
      room("newest", 1);
    }
    expect(order).toEqual(["c+newest/1", "b+newest/1", "a+newest/1", "newest/2"]);
  });

  it("are looked at again when there is news of their subject", () => {
    const { ready, room, asked, changed } = gated();
    ready.put(item("x/1"));
    ready.put(item("y/1"));
    taken(ready, 1);
    const before = asked.length;
    changed("x");
    taken(ready, 1);
    expect(asked.slice(before)).toEqual(["x/1"]);
    room("y");
    expect(taken(ready, 1)).toEqual(["y/1"]);
  });

  it("are each taken in the end, by whatever order of rooms, puts and removals", () => {
    const line = fc.constantFrom("x", "y", "z", "x+y", "y+x", "x+y+z", "free");
    const step = fc.oneof(
      fc.record({ put: line, lane: fc.constantFrom(...lanes) }),
      fc.record({ room: fc.constantFrom("x", "y", "z") }),
      fc.record({ remove: fc.nat() }),
      fc.constant("take" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { ready, room } = gated();
        const inside = new Set<Item>();
        const strange: Item[] = [];
        const take = (): boolean => {
          const got = ready.take();
          if (got && !inside.delete(got)) strange.push(got);
          return got !== undefined;
        };
        for (const [index, s] of steps.entries()) {
          if (s === "take") take();
          else if ("put" in s) {
            const added = item(`${s.put}/${index}`, s.lane);
            inside.add(added);
            ready.put(added);
          } else if ("room" in s) room(s.room);
          else {
            const gone = [...inside][s.remove % Math.max(inside.size, 1)];
            if (!gone) continue;
            inside.delete(gone);
            ready.remove(gone);
          }
          expect(ready.size).toBe(inside.size);
        }
        // One place at a time: nobody who could have it may be left standing.
        for (let index = 0; index < 3 * 101; index += 1) {
          room(["x", "y", "z"][index % 3] ?? "x");
          while (take());
        }
        expect([strange, inside.size, ready.aside().size]).toEqual([[], 0, 0]);
      }),
    );
  });
});
