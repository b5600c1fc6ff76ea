// Tests that each state of the election leads to the right step, whatever is seen and however much time passes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  after,
  type ElectionInput,
  type ElectionState,
  type ElectionStep,
  initialState,
  type LeaseView,
  nextStep,
} from "../../../src/runtime/leader/lease-state.ts";

const lease = (holder: string, sign = 1, durationMs = 15_000): LeaseView => ({
  holder,
  durationMs,
  sign: `${holder} ${sign}`,
});
const seen = (view?: LeaseView): ElectionInput => ({ kind: "seen", lease: view });
const restored = (view?: LeaseView): ElectionInput => ({ kind: "seen", lease: view, wentBack: true });
const written = (sentAt: number): ElectionInput => ({ kind: "written", sentAt });
const refused: ElectionInput = { kind: "refused" };
const failed: ElectionInput = { kind: "failed" };

/** The state of "me" after these inputs at these times. */
function stateAfter(...inputs: readonly (readonly [at: number, input: ElectionInput])[]): ElectionState {
  return inputs.reduce((state, [at, input]) => after(state, input, "me", { at, random: 0 }), initialState);
}

describe("who follows", () => {
  it.each<[string, readonly (readonly [number, ElectionInput])[], number, ElectionStep]>([
    ["looks first", [], 0, { kind: "read" }],
    ["takes a Lease that is not there", [[10, seen()]], 10, { kind: "write" }],
    ["takes one that was released", [[10, seen(lease(""))]], 10, { kind: "write" }],
    [
      "takes one at the moment in which it is released",
      [
        [10, seen(lease("b"))],
        [900, seen(lease(""))],
      ],
      900,
      { kind: "write" },
    ],
    [
      "waits for the holder's whole time, but looks in between",
      [[10, seen(lease("b"))]],
      10,
      { kind: "wait", until: 10_010 },
    ],
    ["looks, should the watch be deaf", [[10, seen(lease("b"))]], 10_010, { kind: "read" }],
    [
      "does not wait longer because it sees the same again",
      [
        [10, seen(lease("b"))],
        [10_010, seen(lease("b"))],
      ],
      15_010,
      { kind: "write" },
    ],
    [
      "waits anew after each sign of life",
      [
        [10, seen(lease("b"))],
        [9_000, seen(lease("b", 2))],
      ],
      23_999,
      { kind: "read" },
    ],
    [
      "takes it when the holder has been silent for its whole time",
      [
        [10, seen(lease("b"))],
        [9_000, seen(lease("b", 2))],
        [20_000, seen(lease("b", 2))],
      ],
      24_000,
      { kind: "write" },
    ],
    [
      "obeys the duration that the holder wrote",
      [
        [0, seen(lease("b", 1, 60_000))],
        [50_000, seen(lease("b", 1, 60_000))],
      ],
      59_999,
      { kind: "wait", until: 60_000 },
    ],
    [
      "waits for a Lease that was deleted as if it still were held",
      [
        [0, seen(lease("b"))],
        [5_000, seen()],
      ],
      14_999,
      { kind: "wait", until: 15_000 },
    ],
    [
      "takes a deleted one after that",
      [
        [0, seen(lease("b"))],
        [5_000, seen()],
      ],
      15_000,
      { kind: "write" },
    ],
    [
      "waits for a holder that a restored Lease names, who may live",
      [
        [0, seen(lease("b", 7))],
        [14_000, restored(lease("c"))],
      ],
      28_999,
      { kind: "read" },
    ],
    [
      "takes a restored Lease when that one has been silent",
      [
        [0, seen(lease("b", 7))],
        [14_000, restored(lease("c"))],
        [24_000, seen(lease("c"))],
      ],
      29_000,
      { kind: "write" },
    ],
    [
      "waits for the last holder where the restored Lease is nobody's",
      [
        [0, seen(lease("b", 7))],
        [5_000, restored(lease(""))],
      ],
      14_999,
      { kind: "wait", until: 15_000 },
    ],
    [
      "looks again when another was faster",
      [
        [0, seen()],
        [5, refused],
      ],
      105,
      { kind: "read" },
    ],
    [
      "does not look again at once",
      [
        [0, seen()],
        [5, refused],
      ],
      5,
      { kind: "wait", until: 105 },
    ],
    [
      "looks before it writes again after a write without an answer",
      [
        [0, seen()],
        [5_000, failed],
      ],
      7_000,
      { kind: "read" },
    ],
    [
      "finds its own name after a write whose answer was lost",
      [
        [0, seen()],
        [5_000, failed],
        [7_000, seen(lease("me"))],
      ],
      7_000,
      { kind: "write" },
    ],
  ])("%s", (_what, inputs, at, step) => {
    expect(nextStep(stateAfter(...inputs), at)).toEqual(step);
  });

  it("jitters, so that replicas do not try in lock-step", () => {
    const states = [0, 0.5, 1].map((random) => after(initialState, failed, "me", { at: 0, random }));
    expect(states.map((state) => nextStep(state, 0))).toEqual([
      { kind: "wait", until: 2_000 },
      { kind: "wait", until: 3_200 },
      { kind: "wait", until: 4_400 },
    ]);
  });
});

describe("who leads", () => {
  it.each<[string, readonly (readonly [number, ElectionInput])[], number, ElectionStep]>([
    ["renews two seconds after the last renewal was sent", [[40, written(0)]], 40, { kind: "wait", until: 2_000 }],
    ["renews without looking", [[40, written(0)]], 2_000, { kind: "write" }],
    [
      "looks after a renewal that failed",
      [
        [40, written(0)],
        [7_000, failed],
      ],
      7_500,
      { kind: "read" },
    ],
    [
      "renews at once where the Lease is still its own",
      [
        [40, written(0)],
        [7_000, failed],
        [7_600, seen(lease("me"))],
      ],
      7_600,
      { kind: "write" },
    ],
    [
      "is not put off its renewal by the watch that shows its own",
      [
        [40, written(0)],
        [50, seen(lease("me"))],
      ],
      60,
      { kind: "wait", until: 2_000 },
    ],
    [
      "makes a deleted Lease anew at once",
      [
        [40, written(0)],
        [50, seen()],
      ],
      50,
      { kind: "write" },
    ],
    [
      "looks after a renewal that was refused",
      [
        [40, written(0)],
        [2_020, refused],
      ],
      2_120,
      { kind: "read" },
    ],
    [
      "does not look at once then",
      [
        [40, written(0)],
        [2_020, refused],
      ],
      2_020,
      { kind: "wait", until: 2_120 },
    ],
    [
      "takes the Lease again that was put back to a time before its own",
      [
        [40, written(0)],
        [2_020, refused],
        [2_120, restored(lease("b"))],
      ],
      2_120,
      { kind: "write" },
    ],
    [
      "ends when another's name is there",
      [
        [40, written(0)],
        [50, seen(lease("b"))],
      ],
      50,
      { kind: "end", loss: { kind: "taken", holder: "b" } },
    ],
    [
      "ends when somebody has emptied it",
      [
        [40, written(0)],
        [50, seen(lease(""))],
      ],
      50,
      { kind: "end", loss: { kind: "taken", holder: "" } },
    ],
    [
      "ends ten seconds after its last renewal was sent",
      [
        [40, written(0)],
        [7_000, failed],
      ],
      10_000,
      { kind: "end", loss: { kind: "expired" } },
    ],
    [
      "never waits longer than to that end",
      [
        [40, written(0)],
        [9_800, failed],
      ],
      9_900,
      { kind: "wait", until: 10_000 },
    ],
    [
      "does not come back after a loss",
      [
        [40, written(0)],
        [50, seen(lease("b"))],
        [60, written(55)],
      ],
      60,
      { kind: "end", loss: { kind: "taken", holder: "b" } },
    ],
  ])("%s", (_what, inputs, at, step) => {
    expect(nextStep(stateAfter(...inputs), at)).toEqual(step);
  });
});

const anything = fc.oneof(
  fc.constantFrom<ElectionInput>(seen(), refused, failed),
  fc
    .record({ holder: fc.constantFrom("", "me", "b", "c"), sign: fc.nat(3), wentBack: fc.boolean() })
    .map(({ holder, sign, wentBack }) => (wentBack ? restored : seen)(lease(holder, sign))),
);
const course = fc.array(fc.tuple(fc.nat(20_000), anything), { maxLength: 20 });

/** After these inputs, the last of them at this time. */
function follow(steps: readonly (readonly [pause: number, input: ElectionInput])[], leads: boolean) {
  let at = 0;
  let state = leads ? stateAfter([0, written(0)]) : initialState;
  for (const [pause, one] of steps) {
    at += pause;
    state = after(state, one, "me", { at, random: 0 });
  }
  return { at, state };
}

it("never waits for the past, whatever happens", () => {
  fc.assert(
    fc.property(course, fc.boolean(), fc.nat(20_000), (steps, leads, later) => {
      const { at, state } = follow(steps, leads);
      const step = nextStep(state, at + later);
      expect(step.kind === "wait" ? step.until : Infinity).toBeGreaterThan(at + later);
    }),
  );
});

it("never asks the same again at once, whatever the answer was", () => {
  fc.assert(
    fc.property(course, anything, fc.boolean(), (steps, answer, leads) => {
      const { at, state } = follow([...steps, [0, answer]], leads);
      const { kind } = nextStep(state, at);
      // A look leads to a write or a wait, and a write that was not acknowledged to a wait.
      expect(answer.kind === "seen" ? ["write", "wait", "end"] : ["wait", "end"]).toContain(kind);
    }),
  );
});
