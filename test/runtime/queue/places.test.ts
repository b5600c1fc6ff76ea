// Tests that a place is never given twice, and never lost.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Need, type PlaceNeed, places } from "../../../src/runtime/queue/places.ts";
import { shares } from "../../../src/runtime/queue/shares.ts";
import { fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const place = (name: string, max: number, until = "call"): Need => ({ place: name, max, until });

describe("places", () => {
  it("are taken all or none, and the first that is lacking is named", () => {
    const held = places(fakeClock());
    expect(held.enter("a", [place("wide", 2), place("narrow", 1)])).toBeUndefined();
    expect(held.enter("b", [place("wide", 2), place("narrow", 1)])).toBe("narrow");
    expect([held.taken("wide"), held.taken("narrow"), held.size]).toEqual([1, 1, 1]);
  });

  it("come back with their step, or with the run, and that is told to those who lacked them", () => {
    const held = places(fakeClock());
    const reported: string[] = [];
    held.onRoom((name) => reported.push(name));
    held.enter("a", [place("cloud", 1), place("registry", 1, "run")]);
    held.enter("b", [place("cloud", 1)]);
    held.enter("b", [place("registry", 1, "run")]);
    held.giveBack("a", "call");
    expect([reported, held.has("a", "call"), held.size]).toEqual([["cloud"], false, 1]);
    held.leave("a");
    held.leave("a");
    expect([reported, held.size, held.taken("registry")]).toEqual([["cloud", "registry"], 0, 0]);
  });

  it("of a rate come back where they were not spent, and not otherwise", () => {
    const clock = fakeClock();
    const held = places(clock);
    const rate: Need = { rate: "cloud", share: shares({ perSecond: 1, burst: 1 }) };
    held.enter("a", [rate]);
    held.leave("a");
    expect(held.enter("b", [rate])).toBeUndefined();
    held.spend("b");
    held.leave("b");
    expect([held.enter("c", [rate]), held.hasRoom("cloud"), held.size]).toEqual(["cloud", false, 0]);
  });

  it("of a rate are told of when it is time", async () => {
    const clock = fakeClock();
    const held = places(clock);
    const reported: number[] = [];
    held.onRoom(() => reported.push(clock.elapsed()));
    const rate: Need = { rate: "cloud", share: shares({ perSecond: 2, burst: 1 }) };
    held.enter("a", [rate]);
    held.spend("a");
    held.enter("b", [rate]);
    held.enter("c", [rate]);
    await clock.advance(ms(2_000));
    expect([reported, clock.scheduled()]).toEqual([[500], 0]);
  });

  it("can be changed for others while they are held, all or none, and what is given up is told of", () => {
    const held = places(fakeClock());
    const reported: string[] = [];
    held.onRoom((name) => reported.push(name));
    const long: PlaceNeed = { place: "long", max: 1, until: "call" };
    held.enter("a", [place("all", 3), place("short", 1)]);
    held.enter("b", [place("short", 1)]);
    expect([held.move("a", ["short"], [long]), held.taken("short"), held.taken("long"), reported]).toEqual([
      true,
      0,
      1,
      ["short"],
    ]);
    held.enter("b", [place("short", 1)]);
    expect([held.move("b", ["short"], [long]), held.taken("short")]).toEqual([false, 1]);
    held.giveBack("a", "call");
    expect([held.move("b", ["short"], [long]), held.taken("long"), held.taken("all")]).toEqual([true, 1, 0]);
    held.leave("b");
    expect([held.taken("long"), held.size, held.move("b", [], [long])]).toEqual([0, 0, false]);
  });

  it("of a rate that is owed are taken before their time, and those who ask for it wait for that", async () => {
    const clock = fakeClock();
    const held = places(clock);
    const share = shares({ perSecond: 1, burst: 1 });
    for (const key of ["a", "b", "c"]) {
      expect(held.enter(key, [{ rate: "cloud", share, isOwed: true }])).toBeUndefined();
      held.spend(key);
    }
    expect(held.enter("d", [{ rate: "cloud", share }])).toBe("cloud");
    await clock.advance(ms(2_999));
    expect(held.hasRoom("cloud")).toBe(false);
    await clock.advance(ms(1));
    expect(held.enter("d", [{ rate: "cloud", share }])).toBeUndefined();
  });

  it("are never more than there are, nor lost, in whatever order they are taken and given back", () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    const max = { x: 1, y: 2, z: 3 };
    const needs = fc
      .uniqueArray(fc.constantFrom("x", "y", "z"), { minLength: 1 })
      .chain((names) => fc.constant(names as readonly (keyof typeof max)[]));
    const step = fc.oneof(
      fc.record({ enter: fc.constantFrom(...keys), needs, until: fc.constantFrom("call", "run") }),
      fc.record({ giveBack: fc.constantFrom(...keys), until: fc.constantFrom("call", "run") }),
      fc.record({ leave: fc.constantFrom(...keys) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const held = places(fakeClock());
        const model = new Map<string, { names: readonly (keyof typeof max)[]; until: string }>();
        const taken = (name: keyof typeof max): number =>
          [...model.values()].filter(({ names }) => names.includes(name)).length;
        const wrong: string[] = [];
        for (const s of steps) {
          if ("enter" in s) {
            if (model.has(s.enter)) continue;
            const isRoom = s.needs.every((name) => taken(name) < max[name]);
            const lacks = held.enter(
              s.enter,
              s.needs.map((name) => place(name, max[name], s.until)),
            );
            if ((lacks === undefined) !== isRoom) wrong.push(s.enter);
            if (isRoom) model.set(s.enter, { names: s.needs, until: s.until });
          } else if ("giveBack" in s) {
            held.giveBack(s.giveBack, s.until);
            if (model.get(s.giveBack)?.until === s.until) model.delete(s.giveBack);
          } else {
            held.leave(s.leave);
            model.delete(s.leave);
          }
          for (const name of ["x", "y", "z"] as const) expect(held.taken(name)).toBe(taken(name));
          expect([held.size, wrong]).toEqual([model.size, []]);
        }
      }),
    );
  });
});
