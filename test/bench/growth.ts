// How the rows of the bench grow with the namespaces: one table over all sizes, and the exponents of N.
import { type Rows, rounded } from "./report.ts";
import { exponent, type Point, slope } from "./statistics.ts";

export interface Size {
  readonly namespaces: number;
  readonly rows: Rows;
}

/** By the name of the exponent, what grows. */
const growing: Readonly<Record<string, (size: Size) => number>> = {
  fanOutExponent: row("fanOutSeconds"),
  rotationExponent: row("rotationSeconds"),
  deletionExponent: row("deletionSeconds"),
  startExponent: row("startNoChangeSeconds"),
  cpuExponent: row("fanOutCpuSeconds"),
  rotationCpuExponent: (size) => row("rotationCpuPer1000Writes")(size) * size.namespaces,
  memoryExponent: row("rssPeakMegabytes"),
};

// Of the program, not of the cluster.
const sizeless = new Set(["bundleMegabytes", "imageMegabytes"]);
// Says a second time what stands at the end of each name.
const dropped = new Set(["namespaces"]);

/** What has been measured, and of how many sizes it was asked for. */
export interface Growth {
  readonly sizes: readonly Size[];
  readonly asked: number;
}

/** Of a single size as they are; of several with the size in the name, and with what all of them together say. */
export function growthRows({ sizes, asked }: Growth): Rows {
  if (asked === 1) return sizes[0]?.rows ?? {};
  const named = sizes.flatMap(({ namespaces, rows }) =>
    Object.entries(rows)
      .filter(([name]) => !dropped.has(name))
      .map(([name, value]) => [sizeless.has(name) ? name : `${name}${namespaces}`, value] as const),
  );
  return { ...Object.fromEntries(named), ...fits(sizes) };
}

function fits(sizes: readonly Size[]): Rows {
  const points = (of: (size: Size) => number): readonly Point[] => sizes.map((size) => [size.namespaces, of(size)]);
  return rounded({
    ...Object.fromEntries(Object.entries(growing).map(([name, of]) => [name, exponent(points(of))])),
    memoryKilobytesPerNamespace: slope(points(row("rssPeakMegabytes"))) * 1024,
  });
}

function row(name: string): (size: Size) => number {
  return ({ rows }) => rows[name] ?? Number.NaN;
}

/** One line per row. Of several sizes as the table of docs/performance.md, and below it what they say together. */
export function growthTable({ sizes, asked }: Growth): string {
  if (asked === 1) return linesOf(sizes[0]?.rows ?? {});
  // The largest has each row; the smallest may be too small for some.
  const names = Object.keys(sizes.at(-1)?.rows ?? {}).filter((name) => !dropped.has(name));
  const cell = (value: number | undefined): string =>
    value?.toLocaleString("en", { maximumSignificantDigits: 3 }) ?? "";
  const cells = [
    ["row", ...sizes.map(({ namespaces }) => namespaces.toLocaleString("en"))],
    ...names.map((name) => [`\`${name}\``, ...sizes.map(({ rows }) => cell(rows[name]))]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) => `| ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return `${[lines[0], rule, ...lines.slice(1)].join("\n")}\n\n${linesOf(fits(sizes))}`;
}

function linesOf(rows: Rows): string {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}\n`)
    .join("");
}
