// The reasons that conditions and Events may have: those that docs/operations.md explains.

// Their messages end the program, or are said by the command line: the operator writes them nowhere.
const neverWritten = ["At the start", "While it runs", "What only `explain` says"];

/** @param operations the text of docs/operations.md */
export function reasons(operations: string): readonly string[] {
  const [, section = ""] = operations.split("\n## Reasons\n");
  const [tables = ""] = section.split("\n## ");
  const written = tables.split("\n### ").filter((table) => !neverWritten.some((title) => table.startsWith(title)));
  return written
    .flatMap((table) => [...table.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, reason = ""]) => reason))
    .toSorted();
}
