// Tests that which of two instants is earlier is told as Temporal has it.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { earliestInstant, isEarlier } from "../../src/runtime/time-text.ts";

// Close to each other, before and after the epoch: some differ in nanoseconds only.
const instant = fc
  .bigInt({ min: -3_000_000n, max: 3_000_000n })
  .map((nanoseconds) => Temporal.Instant.fromEpochNanoseconds(nanoseconds));

it("the earlier of two instants is the one that Temporal says, and the earliest comes before no other", () => {
  fc.assert(
    fc.property(fc.array(instant, { minLength: 2 }), (all) => {
      const [one, other] = all;
      if (!one || !other) throw new Error("there are two");
      expect(isEarlier(one, other)).toBe(Temporal.Instant.compare(one, other) < 0);
      expect(all.some((each) => Temporal.Instant.compare(each, earliestInstant(all)) < 0)).toBe(false);
    }),
  );
});
