// Is a mistyped selection stopped before it takes a credential from many, and everything else let through?
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brake, type BrakeSnapshot } from "../../src/plan/brake.ts";
import { frozen } from "./objects.ts";

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `team-${String(index).padStart(3, "0")}`);
}

function removal(count: number, served: number, changes: Partial<BrakeSnapshot> = {}): BrakeSnapshot {
  return frozen({
    name: "acme",
    generation: 4,
    served,
    leaving: names(count),
    removedLately: 0,
    allowed: undefined,
    ...changes,
  });
}

describe("the brake", () => {
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
  ])("with %i of %i namespaces leaving after %i lately: held is %s", (count, served, removedLately, held) => {
    expect(brake(removal(count, served, { removedLately })) !== undefined).toBe(held);
  });

  it("says how many, five of them, and the command that lets them go", () => {
    const held = brake(removal(30, 50));
    expect(held?.count).toBe(30);
    expect(held?.message).toContain("30 of 50 namespaces would lose this credential");
    expect(held?.message).toContain("(team-000, team-001, team-002, team-003, team-004, ...)");
    expect(held?.message).toContain("kubectl annotate registrycredential acme regcred.dev/allow-removal=4-30");
  });

  it("lets exactly the removal go that its own message confirms, while it is under way", () => {
    const allowed = /allow-removal=(\S+)/.exec(brake(removal(30, 50))?.message ?? "")?.[1];
    for (let removed = 0; removed < 30; removed += 1) {
      expect(brake(removal(30 - removed, 50 - removed, { removedLately: removed, allowed }))).toBeUndefined();
    }
    expect(brake(removal(31, 50, { allowed }))).toBeDefined();
    expect(brake(removal(30, 50, { allowed, generation: 5 }))).toBeDefined();
  });

  it.each(["", "yes", "4", "4-", "-30", "4-30x", "4 - 30"])("does not take %j for a confirmation", (allowed) => {
    expect(brake(removal(30, 50, { allowed }))).toBeDefined();
  });

  it("never lets go of more than it would have held", () => {
    const sizes = fc.record({ served: fc.nat({ max: 300 }), lately: fc.nat({ max: 60 }), count: fc.nat({ max: 100 }) });
    fc.assert(
      fc.property(sizes, fc.nat({ max: 30 }), ({ served, lately, count }, more) => {
        const smaller = removal(count, served + count + more, { removedLately: lately });
        const larger = removal(count + more, served + count + more, { removedLately: lately });
        fc.pre(brake(smaller) !== undefined);
        expect(brake(larger)).toBeDefined();
      }),
    );
  });

  it("never holds ten or fewer, nor a fifth or less", () => {
    fc.assert(
      fc.property(fc.nat({ max: 400 }), fc.nat({ max: 400 }), (count, others) => {
        const served = count + others;
        expect(brake(removal(count, served)) === undefined).toBe(count <= 10 || count <= served / 5);
      }),
    );
  });
});
