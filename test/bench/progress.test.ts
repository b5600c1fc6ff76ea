// Tests that the progress bar shows how far the bench is, and how long it still takes.
import { describe, expect, it } from "vitest";
import { progressText, secondsLeft } from "./progress.ts";

const expected = [30, 30, 60, 120];

describe("the progress bar", () => {
  it("is as full as steps are done", () => {
    expect(progressText({ expected, done: 0, elapsedSeconds: 0 }, "start")).toBe(
      "[------------------------] 0/4, 4 min left: start",
    );
    expect(progressText({ expected, done: 1, elapsedSeconds: 10 }, "next")).toBe(
      "[######------------------] 1/4, 70 s left: next",
    );
    expect(progressText({ expected, done: 4, elapsedSeconds: 10 }, "end")).toBe(
      "[########################] 4/4, 0 s left: end",
    );
  });
});

describe("the time left", () => {
  it("is what the steps take that are not over, on a machine that is as slow as it has been", () => {
    expect(secondsLeft({ expected, done: 2, elapsedSeconds: 60 })).toBe(180);
    expect(secondsLeft({ expected, done: 2, elapsedSeconds: 180 })).toBe(540);
  });

  it("trusts no machine for its first seconds", () => {
    expect(secondsLeft({ expected: [1, 100], done: 1, elapsedSeconds: 30 })).toBe(100);
  });
});
