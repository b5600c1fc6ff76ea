// Fault 6, as it was seen: a deletion waits for a tenant.
import type { Mutant } from "./mutant.ts";

const waitsForHeld = {
  file: "src/controllers/credential/observe-left.ts",
  from: "|| isHeld(name)) return;",
  to: "|| (isHeld(name) && !namespace)) return;",
};

export const drainMutants: readonly Mutant[] = [
  {
    fault: 6,
    name: "a deletion waits for a Secret that a tenant's finalizer holds, and does not say so",
    edits: [
      waitsForHeld,
      {
        file: "src/controllers/credential/observe-left.ts",
        from: "const worthTelling = Temporal.Duration.from({ seconds: 10 });",
        to: "const worthTelling = Temporal.Duration.from({ hours: 10 });",
      },
      {
        file: "src/controllers/credential/plan-drain.ts",
        from: "const patience = 10_000;",
        to: "const patience = 36_000_000;",
      },
      {
        file: "src/controllers/pull-secret/plan-removal.ts",
        from: "  if (!mayBeOurs || record.immutable || record.type !== dockerConfigType) {",
        to: "  if (!mayBeOurs || record.terminating) {",
      },
    ],
    foundBy: {
      phase: "integration",
      path: "test/integration/threats.test.ts",
      test: "puts a finalizer on a forged Secret",
    },
  },
  {
    fault: 6,
    name: "a deletion waits for a Secret that somebody's finalizer holds",
    edits: [waitsForHeld],
    foundBy: { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  },
  {
    fault: 6,
    name: "a deletion waits for references as long as somebody puts them back",
    edits: [
      {
        file: "src/controllers/credential/plan-drain.ts",
        from: "const patience = 10_000;",
        to: "const patience = 1e12;",
      },
    ],
    foundBy: { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  },
  {
    fault: 6,
    name: "a deletion waits for a Secret that a tenant has stripped of our marks, which our own policy then protects",
    edits: [
      {
        file: "src/controllers/credential/observe-left.ts",
        from: "return !isMarked || record.immutable ||",
        to: "return record.immutable ||",
      },
    ],
    foundBy: { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  },
  {
    fault: 6,
    name: "a deletion gives up a Secret that a right of the platform's keeps from being taken away",
    edits: [
      {
        file: "src/api/reasons.ts",
        from: 'return failure.cause === "Tenant" && !hasTrait(failure, "exemptible");',
        to: 'return failure.reason !== "";',
      },
    ],
    foundBy: { phase: "unit", path: "test/controllers/credential/drain.test.ts" },
  },
];
