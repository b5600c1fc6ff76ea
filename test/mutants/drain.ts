// Fault 6, as it was seen: a deletion waits for a tenant.
import type { Mutant } from "./mutant.ts";

export const drainMutants: readonly Mutant[] = [
  {
    fault: 6,
    name: "a deletion waits for a Secret that somebody's finalizer holds",
    edits: [
      {
        file: "src/reconcile/drain.ts",
        from: "    return others.length < records.length && !others",
        to: "    return names.length < 0 && others.length < records.length && !others",
      },
    ],
    foundBy: { phase: "unit", path: "test/reconcile/drain.test.ts" },
  },
  {
    fault: 6,
    name: "a deletion waits for references as long as somebody puts them back",
    edits: [{ file: "src/reconcile/drain.ts", from: "const patience = 10_000;", to: "const patience = 1e12;" }],
    foundBy: { phase: "unit", path: "test/reconcile/drain.test.ts" },
  },
];
