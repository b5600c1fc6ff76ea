// Tests that the chart draws what docs/performance.md keeps, and says so where it keeps something else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { palettes } from "../../tools/generate/flow-diagram.ts";
import { benchNumbers, growthChart } from "../../tools/generate/growth-chart.ts";

const document = readFileSync(join(import.meta.dirname, "../../docs/performance.md"), "utf8");
const rowOf = (name: string): string => new RegExp(`^\\| \`${name}\`.*$`, "m").exec(document)?.[0] ?? "";

it("draws the numbers of the table, each with its own", () => {
  const changed = document.replace(rowOf("fanOutSeconds"), "| `fanOutSeconds` | 1.5 | 9.75 |");
  const svg = growthChart(benchNumbers(changed), palettes.light);
  expect(svg).toContain("a new RegistryCredential: 1.5, 9.75 s");
  expect(svg.match(/<polyline/g)).toHaveLength(7);
  expect(growthChart(benchNumbers(document), palettes.light)).not.toBe(svg);
});

it("draws what is higher higher", () => {
  const points = (svg: string): readonly number[] =>
    (/points="([\d, ]+)"/.exec(svg)?.[1] ?? "").split(/[ ,]/).map(Number);
  const [, first = 0, , second = 0] = points(growthChart(benchNumbers(document), palettes.dark));
  expect(first).toBeGreaterThan(second);
});

it("shows a growth with the namespaces as a straight line, where sizes are far apart", () => {
  const drawn = ["fanOutSeconds", "rotationSeconds", "deletionSeconds", "newNamespaceSecretP50"];
  const memory = ["newNamespaceReferenceP50", "rssMegabytes", "rssPeakMegabytes"];
  const rows = Object.fromEntries([...drawn, ...memory].map((name) => [name, ["1", "10", "100"]]));
  const svg = growthChart({ sizes: [100, 1_000, 10_000], rows }, palettes.light);
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = (/points="([\d, ]+)"/.exec(svg)?.[1] ?? "")
    .split(/[ ,]/)
    .map(Number);
  expect([x2 - x1, y1 - y2]).toEqual([x3 - x2, y2 - y3]);
  expect(y1).toBeGreaterThan(y2);
});

it.each([
  ["a row that is missing", (text: string) => text.replace("`rotationSeconds`", "`rotationMinutes`"), /""/],
  [
    "a cell without a number",
    (text: string) => text.replace(rowOf("deletionSeconds"), "| `deletionSeconds` | soon | 6 |"),
    /"soon"/,
  ],
  ["no table", (text: string) => text.replace("## Numbers", "## Figures"), /no table of rows/],
])("refuses %s", (_, change, sentence) => {
  expect(() => growthChart(benchNumbers(change(document)), palettes.light)).toThrow(sentence);
});
