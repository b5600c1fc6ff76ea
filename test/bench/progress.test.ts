// Tests that the progress bar shows how far the bench is.
import { describe, expect, it } from "vitest";
import { progressText } from "./progress.ts";

describe("the progress bar", () => {
  it("is as full as steps are done", () => {
    expect(progressText(0, 4, "start")).toBe("[------------------------] 0/4 start");
    expect(progressText(1, 4, "next")).toBe("[######------------------] 1/4 next");
    expect(progressText(4, 4, "end")).toBe("[########################] 4/4 end");
  });
});
