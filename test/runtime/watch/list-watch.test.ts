// Tests of what the reflector makes of whatever a list or a watch throws.
import { describe, expect, it } from "vitest";
import { listWatchFailure } from "../../../src/runtime/watch/list-watch.ts";

describe("the failure in a thrown value", () => {
  it("is what the value says of itself", () => {
    const retryAfter = Temporal.Duration.from({ seconds: 3 });
    const thrown = Object.assign(new Error("429"), { kind: "throttled", retryAfter });
    expect(listWatchFailure(thrown)).toEqual({ kind: "throttled", retryAfter, origin: thrown });
  });

  it.each([new Error("read ECONNRESET"), "text", undefined, null, { kind: 7 }])(
    "is transient where it says nothing: %s",
    (thrown) => {
      expect(listWatchFailure(thrown)).toEqual({ kind: "transient", origin: thrown });
    },
  );

  it("is malformed where JSON cannot be parsed", () => {
    expect(listWatchFailure(new SyntaxError("Unexpected token")).kind).toBe("malformed");
  });

  it("ignores a retryAfter that is no duration", () => {
    expect(listWatchFailure({ kind: "throttled", retryAfter: 3 })).not.toHaveProperty("retryAfter");
  });
});
