// Tests that a recording shows every line, in its order, when it came, and nothing that a viewer would run.
import { expect, it } from "vitest";
import { recording } from "../../tools/record/recording.ts";

const lines = [
  { at: 0, text: "regcred demo" },
  { at: 0.5, text: "  ✓    12 ms  a < b & c" },
  { at: 60, text: "  after a long wait" },
];
const delays = (svg: string): readonly number[] =>
  [...svg.matchAll(/animation-delay:([\d.]+)s/g)].map(([, delay]) => Number(delay));

it("each line comes when it was printed, but for waits that nobody wants to see", () => {
  expect(delays(recording(lines, 100))).toEqual([0, 0.5, 2.5]);
});

it("the same lines give the same text, which is an image and has no script", () => {
  const svg = recording(lines, 100);
  expect(recording(lines, 100)).toBe(svg);
  expect(svg).toContain("a &lt; b &amp; c");
  expect(svg).not.toMatch(/<script|href=|onload/);
});

it("what does not fit moves up, line by line", () => {
  const many = Array.from({ length: 40 }, (_, at) => ({ at, text: `line ${at}` }));
  const moves = [...recording(many, 100).matchAll(/%\{transform:translateY\(-(\d+)px\)\}/g)].map(([, by]) =>
    Number(by),
  );
  expect(moves).toEqual([18, 36, 54, 72, 90, 108, 108]);
});

it("whoever wants no motion sees the end at once", () => {
  expect(recording(lines, 100)).toContain("prefers-reduced-motion:reduce");
});
