// Fault 4, as it was seen: what a tenant wrote reaches a terminal, or becomes a command.
import type { Mutant } from "./mutant.ts";

export const textMutants: readonly Mutant[] = [
  {
    fault: 4,
    name: "escape sequences are shown as they are",
    edits: [
      {
        file: "src/runtime/foreign-text.ts",
        from: String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}`,
        to: String.raw`[\p{Cs}\p{Cn}\p{Co}`,
      },
    ],
    foundBy: { phase: "unit", path: "test/runtime/foreign-text.test.ts" },
  },
  {
    fault: 4,
    name: "a name makes another command of the one that was written",
    edits: [
      {
        file: "src/runtime/steps.ts",
        from: String.raw`  return /^[\w.,:/=@%+-]+$/.test(word) ?`,
        to: '  return word !== "" ?',
      },
    ],
    foundBy: { phase: "unit", path: "test/runtime/steps.test.ts" },
  },
];
