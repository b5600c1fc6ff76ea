// Tests that everything else has its turn while something is done for each of many.
import { expect, it } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import { inSlices } from "../../src/runtime/in-slices.ts";
import { fakeClock } from "../fake-clock.ts";

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Each item takes a millisecond; a turn's slice is two of them. */
function scenario() {
  const still = fakeClock();
  let elapsed = 0;
  // What was done in each turn.
  const turns: string[][] = [[]];
  const schedule: Clock["schedule"] = (delay, call) =>
    still.schedule(delay, () => {
      turns.push([]);
      call();
    });
  const sliced = inSlices({ schedule, elapsed: () => elapsed });
  return {
    sliced,
    turns,
    begin: (name: string, count: number) =>
      sliced(upTo(count), (item) => {
        elapsed += 1;
        turns.at(-1)?.push(`${name}${item}`);
      }),
    passes: (milliseconds: number): void => void (elapsed += milliseconds),
    rest: () => still.advance(),
    scheduled: () => still.scheduled(),
  };
}

it("what is quick is done at once, however often it comes", () => {
  const done: number[] = [];
  const sliced = inSlices(fakeClock());
  void sliced(upTo(3), (each) => done.push(each));
  void sliced(upTo(2), (each) => done.push(each));
  expect(done).toEqual([0, 1, 2, 0, 1]);
});

it("what takes long goes on in other turns, until it is over", async () => {
  const { begin, turns, rest } = scenario();
  const over = begin("a", 5);
  await rest();
  await over;
  expect(turns.filter(({ length }) => length > 0)).toEqual([["a0", "a1"], ["a2", "a3"], ["a4"]]);
});

it("what several do in one turn does not add up, and none waits until another one is over", async () => {
  const { begin, turns, rest } = scenario();
  const over = [begin("a", 4), begin("b", 3), begin("c", 1)];
  await rest();
  await Promise.all(over);
  expect(turns.filter(({ length }) => length > 0)).toEqual([
    ["a0", "a1"],
    ["a2", "b0"],
    ["c0", "a3"],
    ["b1", "b2"],
  ]);
});

it("who comes in a turn whose slice is used up is begun in the next", async () => {
  const { begin, passes, turns, rest } = scenario();
  void begin("a", 1);
  passes(1);
  const late = begin("b", 1);
  expect(turns).toEqual([["a0"]]);
  await rest();
  await late;
  expect(turns.slice(0, 2)).toEqual([["a0"], ["b0"]]);
});

it("what is left goes on though each turn's time is over before it begins", async () => {
  const still = fakeClock();
  let elapsed = 0;
  const done: number[] = [];
  const over = inSlices({ ...still, elapsed: () => (elapsed += 5) })(upTo(4), (item) => done.push(item));
  await still.advance();
  await over;
  expect(done).toEqual([0, 1, 2, 3]);
});

it("a new turn has a slice of its own, and when nothing is left to do, none is waited for", async () => {
  const { begin, turns, rest, scheduled } = scenario();
  void begin("a", 2);
  await rest();
  expect(scheduled()).toBe(0);
  void begin("b", 2);
  expect(turns.at(-1)).toEqual(["b0", "b1"]);
});

it("an item that takes longer than a slice is one turn's, and the rest goes on", async () => {
  const { sliced, passes, rest } = scenario();
  const done: number[] = [];
  const over = sliced(upTo(3), (each) => {
    passes(50);
    done.push(each);
  });
  await rest();
  await over;
  expect(done).toEqual([0, 1, 2]);
});

it("what an item begins is done within the same slice", async () => {
  const { sliced, begin, turns, rest } = scenario();
  const inner: Promise<void>[] = [];
  const outer = sliced(upTo(3), (each) => void inner.push(begin(`in ${each}, `, 1)));
  expect(turns).toEqual([["in 0, 0", "in 1, 0"]]);
  await rest();
  await Promise.all([outer, ...inner]);
  expect(turns[1]).toEqual(["in 2, 0"]);
});

it("what fails ends there, with its failure, and holds up nobody else", async () => {
  const { sliced, begin, turns, rest } = scenario();
  const failing = sliced(upTo(3), (each) => {
    throw new Error(`fails at ${each}`);
  });
  await expect(failing).rejects.toThrow("fails at 0");
  const over = begin("a", 3);
  await rest();
  await over;
  expect(turns.flat()).toEqual(["a0", "a1", "a2"]);
});
