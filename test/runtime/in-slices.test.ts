// Does everything else have its turn while something is done for each of many?
import { expect, it } from "vitest";
import { inSlices } from "../../src/runtime/in-slices.ts";
import { fakeClock } from "../fake-clock.ts";

const all = Array.from({ length: 25 }, (_, index) => index);

it("what is quick is done at once", () => {
  const done: number[] = [];
  void inSlices(fakeClock(), all, (each) => done.push(each));
  expect(done).toEqual(all);
});

it("what takes long goes on in another turn, again and again", async () => {
  const still = fakeClock();
  let elapsed = 0;
  const clock = { ...still, elapsed: () => elapsed };
  const done: number[] = [];
  const over = inSlices(clock, all, (each) => {
    elapsed += 1;
    done.push(each);
  });
  expect(done).toHaveLength(2);
  await clock.advance();
  await over;
  expect(done).toEqual(all);
});
