// Tests of parsing a status in which some fields cannot be read: what is left of it.
import { describe, expect, it } from "vitest";
import { parseStatus } from "../../src/api/parse-status.ts";

const retiring = { secretName: "old", until: "2026-01-01T12:00:00Z" };
const condition = {
  type: "Ready",
  status: "True",
  reason: "Served",
  message: "well",
  lastTransitionTime: "2026-01-01T12:00:00Z",
};

describe("a status", () => {
  it("that is sound is read whole, and what a later release adds is passed over", () => {
    const status = { secretName: "regcred", retiring: [retiring], conditions: [condition] };
    expect(parseStatus({ ...status, later: true })).toEqual({ status, damaged: false });
    expect(parseStatus(undefined)).toEqual({ status: {}, damaged: false });
  });

  it("whose times are none is read, so that no name is forgotten that is kept with one", () => {
    // As the API server's own date-time takes it.
    const until = "2026-01-01T12:00:00+99:99";
    const status = {
      retiring: [{ secretName: "old", until }],
      conditions: [{ ...condition, lastTransitionTime: until }],
    };
    expect(parseStatus(status)).toEqual({ status, damaged: false });
  });

  it.each([
    ["a field of another type", { secretName: "regcred", expires: 7 }, { secretName: "regcred" }],
    ["an item that lacks something", { retiring: [{ secretName: "x" }, retiring] }, { retiring: [retiring] }],
    [
      "a value that only a later release knows",
      { conditions: [condition, { ...condition, status: "Perhaps" }], secretName: "regcred" },
      { conditions: [condition], secretName: "regcred" },
    ],
    ["a list that is none", { retiring: "none", mode: "all" }, { mode: "all" }],
    ["a list that is too long", { retiring: Array.from({ length: 17 }, () => retiring), mode: "all" }, { mode: "all" }],
    ["no object", [], {}],
    ["nothing", null, {}],
  ])("with %s loses that, and says so", (_what, raw, status) => {
    expect(parseStatus(raw)).toEqual({ status, damaged: true });
  });
});
