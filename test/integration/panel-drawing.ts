// Draws the panels of the dashboard without Grafana: an SVG of lines, from what Prometheus kept.
import type { Panel } from "../../tools/generate/dashboard.ts";

export interface Line {
  readonly name: string;
  /** Unix time in seconds, and the value. */
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface DrawnPanel {
  readonly panel: Panel;
  readonly lines: readonly Line[];
}

const width = 560;
const height = 210;
const gap = 20;
const plot = { left: 64, top: 30, width: width - 84, height: 120 } as const;
// Okabe and Ito's, which the colour-blind can tell apart: https://jfly.uni-koeln.de/color/
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d00", "#555555"];
const maxNamed = 6;
// In seconds; the values come one a second.
const longestGap = 3;

/** Two panels side by side. */
export function panelDrawing(panels: readonly DrawnPanel[]): string {
  const rows = Math.ceil(panels.length / 2);
  const drawn = panels.map((each, index) => {
    const x = gap + (index % 2) * (width + gap);
    const y = gap + Math.floor(index / 2) * (height + gap);
    return `<g transform="translate(${x} ${y})">${panelSvg(each)}</g>`;
  });
  const size = [2 * width + 3 * gap, rows * (height + gap) + gap] as const;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" height="${size[1]}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="#f4f5f7"/>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function panelSvg({ panel, lines }: DrawnPanel): string {
  const points = lines.flatMap(({ points: each }) => each);
  const times = points.map(([time]) => time);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const values = points.map(([, value]) => value);
  const bottom = Math.min(...values, 0);
  const range = Math.max(...values, 0) - bottom || 1;
  const at = ([time, value]: Line["points"][number]): readonly [x: string, y: string] => [
    (plot.left + ((time - first) / (last - first || 1)) * plot.width).toFixed(1),
    (plot.top + (1 - (value - bottom) / range) * plot.height).toFixed(1),
  ];
  const grid = [0, 0.5, 1].map((share) => {
    const y = plot.top + (1 - share) * plot.height;
    return (
      `<line x1="${plot.left}" x2="${plot.left + plot.width}" y1="${y}" y2="${y}" stroke="#dde"/>` +
      `<text x="${plot.left - 6}" y="${y + 4}" text-anchor="end" fill="#667">${shown(bottom + range * share, panel.unit)}</text>`
    );
  });
  const named = lines.slice(0, maxNamed);
  const legend = named.map(({ name }, index) => {
    const [x, y] = [plot.left + (index % 2) * 240, plot.top + plot.height + 18 + Math.floor(index / 2) * 14];
    return `<rect x="${x}" y="${y - 8}" width="9" height="9" fill="${colour(index)}"/><text x="${x + 13}" y="${y}" fill="#334">${escaped(name.slice(0, 38))}</text>`;
  });
  const more = lines.length > maxNamed ? ` (${maxNamed} of ${lines.length} named)` : "";
  return [
    `<rect width="${width}" height="${height}" rx="4" fill="#fff" stroke="#ccd"/>`,
    `<text x="12" y="19" font-size="13" font-weight="bold" fill="#223">${escaped(panel.title)}${more}</text>`,
    ...grid,
    ...lines.flatMap(({ points: each }, index) => runsOf(each).map((run) => runSvg(run.map(at), colour(index)))),
    ...legend,
  ].join("");
}

/** Where nothing was told for a while, nothing is drawn. */
function runsOf(points: Line["points"]): readonly Line["points"][] {
  const runs: Line["points"][number][][] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before === undefined || point[0] - before[0] > longestGap) runs.push([]);
    runs.at(-1)?.push(point);
  }
  return runs;
}

function runSvg(points: readonly (readonly [x: string, y: string])[], stroke: string): string {
  const [[x, y] = ["0", "0"], ...more] = points;
  return more.length === 0
    ? `<circle cx="${x}" cy="${y}" r="2.5" fill="${stroke}"/>`
    : `<polyline fill="none" stroke="${stroke}" stroke-width="1.5" points="${points.map((point) => point.join()).join(" ")}"/>`;
}

function colour(index: number): string {
  return colours[index % colours.length] ?? "#000";
}

function shown(value: number, unit: Panel["unit"]): string {
  switch (unit) {
    case "bytes":
      return `${Math.round(value / 2 ** 20)} MiB`;
    case "s":
      return Math.abs(value) >= 1 || value === 0
        ? `${Number(value.toPrecision(3))} s`
        : `${Number((value * 1000).toPrecision(2))} ms`;
    case "ops":
      return `${Number(value.toPrecision(2))}/s`;
    case "percentunit":
      return `${Math.round(value * 100)} %`;
    case "short":
      return String(Number(value.toPrecision(3)));
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
