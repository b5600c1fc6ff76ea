// Tests that the concurrency follows what the API server bears.
import { describe, expect, it } from "vitest";
import { adaptiveConcurrency } from "../../../src/runtime/queue/adaptive-concurrency.ts";

describe("the adaptive concurrency", () => {
  it("starts at the most and halves when throttled, down to one", () => {
    const limit = adaptiveConcurrency(16);
    const seen = [limit.current()];
    for (let count = 0; count < 5; count += 1) {
      limit.throttled();
      seen.push(limit.current());
    }
    expect(seen).toEqual([16, 8, 4, 2, 1, 1]);
  });

  it("grows by one for each round of successes, up to the most", () => {
    const limit = adaptiveConcurrency(4);
    limit.throttled();
    const seen: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      limit.succeeded();
      seen.push(limit.current());
    }
    expect(seen).toEqual([2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]);
  });
});
