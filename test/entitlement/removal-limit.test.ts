// Tests that a mistyped selection is stopped before it takes a credential from many, and everything else let through.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type RemovalCause,
  allowedRemoval,
  heldFrom,
  isTooLarge,
  type Removal,
} from "../../src/entitlement/removal-limit.ts";
import { textWithSteps } from "../../src/runtime/steps.ts";

function removal(leaving: number, served: number, changes: Partial<Removal> = {}): Removal {
  return { leaving, served, removedLately: 0, wasHeld: false, allowed: 0, ...changes };
}

describe("the removal guard", () => {
  it.each([
    [0, 100, 0, false],
    [10, 10, 0, false],
    [11, 11, 0, true],
    [11, 54, 0, true],
    [11, 55, 0, false],
    [20, 100, 0, false],
    [21, 100, 0, true],
    [30, 50, 0, true],
    [1, 91, 9, false],
    [6, 40, 5, true],
    [1, 500, 60, false],
    [0, 40, 60, false],
  ])("with %i of %i namespaces leaving after %i lately: held is %s", (leaving, served, removedLately, held) => {
    expect(isTooLarge(removal(leaving, served, { removedLately }))).toBe(held);
  });

  it("goes on holding what it held until nobody is left, however many go by themselves", () => {
    for (let leaving = 11; leaving > 0; leaving -= 1) {
      expect(isTooLarge(removal(leaving, 50, { wasHeld: true }))).toBe(true);
    }
    expect(isTooLarge(removal(0, 50, { wasHeld: true }))).toBe(false);
  });

  it("says how many, five of them, and the command that lets them go", () => {
    const leaving = Array.from({ length: 30 }, (_, index) => `team-${String(index).padStart(3, "0")}`);
    const held = heldFrom({ name: "acme", generation: 4, served: 50, cause: "Spec", leaving, total: 33 });
    expect(held.count).toBe(30);
    expect(held.message).toContain("30 of 50 namespaces would lose this credential");
    expect(held.message).toContain("(team-000, team-001, team-002, team-003, team-004, ...)");
    expect(textWithSteps(held)).toMatch(
      /; if that is right: kubectl annotate registrycredential acme regcred\.dev\/allow-removal=4-33 --overwrite$/,
    );
  });

  it("is told with its cause, and with all names where they are few", () => {
    const leaving = ["team-4", "team-3", "team-2", "team-1", "team-0"];
    const messageFor = (cause: RemovalCause): string =>
      heldFrom({ name: "acme", generation: 4, served: 6, cause, leaving, total: 5 }).message;
    const names = "(team-0, team-1, team-2, team-3, team-4)";
    const rest = `${names}; nothing is removed and they stay fresh`;
    expect(messageFor("Spec")).toBe(`5 of 6 namespaces would lose this credential ${rest}`);
    expect(messageFor("Labels")).toBe(
      `5 of 6 namespaces would lose this credential because their labels have changed ${rest}`,
    );
  });

  it("lets exactly the removal go that is allowed, while it is under way", () => {
    const allowed = allowedRemoval("4-30", 4);
    for (let removed = 0; removed < 30; removed += 1) {
      const rest = removal(30 - removed, 50 - removed, { removedLately: removed, allowed, wasHeld: true });
      expect(isTooLarge(rest)).toBe(false);
    }
    expect(isTooLarge(removal(31, 50, { allowed }))).toBe(true);
  });

  it.each(["", "yes", "4", "4-", "-30", "4-30x", "4 - 30", "5-30"])("does not take %j for a confirmation", (text) => {
    expect(allowedRemoval(text, 4)).toBe(0);
  });

  it("never lets go of more than it would have held", () => {
    const sizes = fc.record({ served: fc.nat({ max: 300 }), lately: fc.nat({ max: 60 }), count: fc.nat({ max: 100 }) });
    fc.assert(
      fc.property(sizes, fc.nat({ max: 30 }), ({ served, lately, count }, more) => {
        const all = served + count + more;
        fc.pre(isTooLarge(removal(count, all, { removedLately: lately })));
        expect(isTooLarge(removal(count + more, all, { removedLately: lately }))).toBe(true);
      }),
    );
  });

  it("never begins to hold ten or fewer, nor a fifth or less", () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 }), fc.nat({ max: 400 }), (count, others) => {
        const served = count + others;
        expect(isTooLarge(removal(count, served))).toBe(count > 10 && count > served / 5);
      }),
    );
  });
});
