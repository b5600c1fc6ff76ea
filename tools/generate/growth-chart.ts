// Draws how the bench's numbers grow with the namespaces: docs/performance.md keeps them, and is what is drawn.
import type { Palette } from "./flow-diagram.ts";

interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

interface Line {
  readonly label: string;
  readonly row: string;
}

const plots: readonly Plot[] = [
  {
    title: "Until everybody has it",
    unit: "s",
    lines: [
      { label: "a new RegistryCredential", row: "fanOutSeconds" },
      { label: "a rotated password", row: "rotationSeconds" },
      { label: "a deletion, cleaned up", row: "deletionSeconds" },
    ],
  },
  {
    title: "A new namespace's login",
    unit: "ms",
    lines: [
      { label: "pull Secret, median", row: "newNamespaceSecretP50" },
      { label: "reference, median", row: "newNamespaceReferenceP50" },
    ],
  },
  {
    title: "Memory of the operator (RSS)",
    unit: "MB",
    lines: [
      { label: "highest", row: "rssPeakMegabytes" },
      { label: "after everybody is served", row: "rssMegabytes" },
    ],
  },
];

// Okabe and Ito's, which the colour-blind can tell apart, and that show on light and dark: https://jfly.uni-koeln.de/color/
const colours = ["#0072b2", "#d55e00", "#009e73"];
const size = { width: 1020, height: 300 } as const;
const plotWidth = 340;
const field = { left: 56, top: 50, width: 250, height: 150 } as const;

interface Numbers {
  /** Namespaces, in the order of the columns. */
  readonly sizes: readonly number[];
  readonly rows: Readonly<Record<string, readonly string[]>>;
}

/** The first table of the section "Numbers". @throws Error where there is none. */
export function benchNumbers(document: string): Numbers {
  const [, section = ""] = /\n## Numbers\n([^]*?)\n## /.exec(document) ?? [];
  const [table = ""] = /(?:^\|.*\|\n)+/m.exec(section) ?? [];
  const cells = [...table.matchAll(/^\|(.*)\|$/gm)].map(([, row = ""]) => row.split("|").map((cell) => cell.trim()));
  const [head = [], , ...rows] = cells;
  if (head[0] !== "row") throw new Error('docs/performance.md has no table of rows below "Numbers"');
  return {
    sizes: head.slice(1).map(numberIn),
    rows: Object.fromEntries(rows.map(([name = "", ...values]) => [/`(\w+)`/.exec(name)?.[1] ?? name, values])),
  };
}

/** SVG. @throws Error where a number that is drawn is not there. */
export function growthChart({ sizes, rows }: Numbers, { paper, ink, faint }: Palette): string {
  const drawn = plots.map((plot, index) => {
    const lines = plot.lines.map(({ label, row }) => ({
      label,
      values: sizes.map((_, column) => numberIn(rows[row]?.[column] ?? "")),
    }));
    return `<g transform="translate(${index * plotWidth} 0)">\n${plotSvg({ ...plot, lines }, sizes, { ink, faint })}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="system-ui,sans-serif" font-size="12">
<title>What the bench has measured with ${sizes.join(" and ")} namespaces: seconds until everybody has a login, a new namespace's wait, and memory</title>
<rect width="${size.width}" height="${size.height}" fill="${paper}"/>
${drawn.join("\n")}
</svg>
`;
}

interface Drawn {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly label: string; readonly values: readonly number[] }[];
}

function plotSvg(
  { title, unit, lines }: Drawn,
  sizes: readonly number[],
  { ink, faint }: Pick<Palette, "ink" | "faint">,
): string {
  const across = scaleOf(sizes, isWide(sizes));
  // Where both are logarithmic, what grows with the namespaces is a line of the same slope, whatever it costs each.
  const up = scaleOf(
    lines.flatMap(({ values }) => values),
    isWide(sizes),
  );
  const x = (namespaces: number): number => Math.round(field.left + across.share(namespaces) * field.width);
  const y = (value: number): number => Math.round(field.top + (1 - up.share(value)) * field.height);
  const grid = up.marks.map(
    (value) =>
      `<line x1="${field.left}" x2="${field.left + field.width}" y1="${y(value)}" y2="${y(value)}" stroke="${faint}" stroke-opacity="0.3"/>` +
      `<text x="${field.left - 6}" y="${y(value) + 4}" text-anchor="end" fill="${faint}">${value.toLocaleString("en", { maximumSignificantDigits: 3 })}</text>`,
  );
  const ticks = sizes.map(
    (namespaces) =>
      `<text x="${x(namespaces)}" y="${field.top + field.height + 18}" text-anchor="middle" fill="${faint}">${namespaces.toLocaleString("en")}</text>`,
  );
  const drawn = lines.map(({ label, values }, index) => {
    const colour = colours[index] ?? ink;
    const points = values.map((value, column) => [x(sizes[column] ?? 0), y(value)] as const);
    return [
      `<polyline points="${points.map((point) => point.join()).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`),
      `<rect x="${field.left}" y="${field.top + field.height + 36 + index * 18}" width="10" height="10" fill="${colour}"/>`,
      `<text x="${field.left + 16}" y="${field.top + field.height + 45 + index * 18}" fill="${ink}">${label}: ${values.join(", ")} ${unit}</text>`,
    ].join("\n");
  });
  return [
    `<text x="16" y="26" fill="${ink}" font-size="14" font-weight="bold">${title}</text>`,
    `<text x="${field.left - 6}" y="${field.top - 8}" text-anchor="end" fill="${faint}">${unit}</text>`,
    `<text x="${field.left + field.width / 2}" y="${field.top + field.height + 18}" text-anchor="middle" fill="${faint}">namespaces</text>`,
    ...grid,
    ...ticks,
    ...drawn,
  ].join("\n");
}

interface Scale {
  /** Between 0 and 1. */
  readonly share: (value: number) => number;
  /** Where a line of the grid is worth it. */
  readonly marks: readonly number[];
}

/** Whether the smallest size would stand where none stands. */
function isWide(sizes: readonly number[]): boolean {
  return Math.max(...sizes) / Math.min(...sizes) > 20;
}

/** From 0, or of the logarithm, where each power of ten has a line. */
function scaleOf(values: readonly number[], isLogarithmic: boolean): Scale {
  const highest = Math.max(...values);
  if (!isLogarithmic) {
    const end = roundedUp(highest);
    return { share: (value) => value / end, marks: [0, end / 2, end] };
  }
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(Math.ceil(Math.log10(highest)), first + 1);
  return {
    share: (value) => (Math.log10(value) - first) / (last - first),
    marks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
  };
}

/** To 1, 2 or 5 times a power of ten. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

function numberIn(text: string): number {
  const found = /^\**(\d[\d,]*(?:\.\d+)?)\**$/.exec(text)?.[1];
  if (found === undefined) throw new Error(`docs/performance.md has ${JSON.stringify(text)} where a number is drawn`);
  return JSON.parse(found.replaceAll(",", "")) as number;
}
