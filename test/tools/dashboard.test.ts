// Tests that the dashboard asks for metrics and labels that exist, and shows labels that are left.
import { describe, expect, it } from "vitest";
import { dashboard } from "../../tools/generate/dashboard.ts";
import { unknownNames } from "./unknown-names.ts";

const panels = Object.values(dashboard).flat();

describe("the dashboard", () => {
  it.each(panels)("asks under $title for metrics and labels that there are", ({ queries }) => {
    for (const { expression, legend } of queries) expect(unknownNames(expression, labelsOf(legend))).toEqual([]);
  });

  it.each(panels)("shows under $title no label that the sum has taken away", ({ queries }) => {
    for (const { expression, legend } of queries) {
      const [, kept] =
        /^(?:histogram_quantile\([\d.]+, )?(?:sum|min|max)(?: by \(([^)]*)\))? ?\(/.exec(expression) ?? [];
      const labels = kept?.split(", ") ?? [];
      const isSummed = /^(?:histogram_quantile|sum|min|max)\b/.test(expression);
      expect(isSummed ? labelsOf(legend).filter((label) => !labels.includes(label)) : []).toEqual([]);
    }
  });

  it("has a title for each panel once", () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

function labelsOf(legend: string): readonly string[] {
  return [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
}
