// Fault 2, as it was seen: what a tenant makes long is kept.
import type { Mutant } from "./mutant.ts";

export const boundMutants: readonly Mutant[] = [
  {
    fault: 2,
    name: "texts are read however long they are",
    edits: [
      {
        file: "src/runtime/client/shaped-json.ts",
        from: "    this.#out.bytes(piece, at, Math.min(to, at + this.#limit + 1 - this.#length));",
        to: "    this.#out.bytes(piece, at, to);",
      },
    ],
    foundBy: { phase: "unit", path: "test/runtime/client/shaped-json.test.ts" },
  },
  {
    fault: 2,
    name: "a name is kept however long it is",
    edits: [{ file: "src/cluster/object-limits.ts", from: "  name: 253,", to: "  name: 4 * 1024 * 1024," }],
    foundBy: { phase: "unit", path: "test/cluster-state/object-limits.test.ts" },
  },
];
