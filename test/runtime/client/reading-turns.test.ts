// Tests that what arrives in masses is read in slices, each answer by a piece in each turn at least.
import { expect, it } from "vitest";
import type { Cancel } from "../../../src/runtime/clock.ts";
import { readInTurns } from "../../../src/runtime/client/reading-turns.ts";

/** Answers of so many pieces, each of which takes so many milliseconds to read. */
function played(takes: number, pieces: readonly number[]) {
  let elapsed = 0;
  let nextTurn: (() => void) | undefined;
  const schedule = (_: Temporal.Duration, run: () => void): Cancel => {
    nextTurn = run;
    return () => undefined;
  };
  const inTurns = readInTurns({ schedule, elapsed: () => elapsed });
  const read = pieces.map(() => 0);
  const flows = pieces.map((count, index) => {
    const state = { isPaused: false };
    const flow = (): void => {
      while (!state.isPaused && (read[index] ?? 0) < count) {
        inTurns(answer, () => {
          elapsed += takes;
          read[index] = (read[index] ?? 0) + 1;
        });
      }
    };
    const answer = {
      pause: () => {
        state.isPaused = true;
      },
      resume: () => {
        state.isPaused = false;
        flow();
      },
    };
    return flow;
  });
  for (const flow of flows) flow();
  const turn = (): readonly number[] => {
    nextTurn?.();
    return [...read];
  };
  return { first: [...read], turn };
}

it("reads on in the next turn once one has taken its time", () => {
  const { first, turn } = played(2, [7]);
  expect([first, turn(), turn(), turn()]).toEqual([[3], [6], [7], [7]]);
});

it("reads at least a piece of each answer in a turn, however long that takes", () => {
  const { first, turn } = played(60, [2, 2, 1]);
  expect([first, turn()]).toEqual([
    [1, 1, 1],
    [2, 2, 1],
  ]);
});

it("pauses nothing that is read in time", () => {
  expect(played(0, [1_000, 1_000]).first).toEqual([1_000, 1_000]);
});
