// Prints what the API server says about a list as kubectl get does.

/** The part of meta.k8s.io/v1 Table that is printed: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

// As wide as kubectl's: k8s.io/cli-runtime/pkg/printers, tabwriterPadding.
const gap = 3;

/** Lines joined by line breaks. Columns of a priority above 0 are for `-o wide`. */
export function tableText({ columnDefinitions, rows }: Table): string {
  const shown = columnDefinitions.flatMap(({ priority = 0 }, index) => (priority === 0 ? [index] : []));
  const lines = [
    shown.map((index) => columnDefinitions[index]?.name.toUpperCase() ?? ""),
    ...rows.map(({ cells }) => shown.map((index) => cellText(cells[index]))),
  ];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean"
    ? String(cell)
    : JSON.stringify(cell);
}
