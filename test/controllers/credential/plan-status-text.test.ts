// Tests of which times in a status are believed.
import { describe, expect, it } from "vitest";
import type { Status } from "../../../src/api/registry-credential.ts";
import { believedTime, reportedSince } from "../../../src/controllers/credential/plan-status-text.ts";
import { minute, now } from "../../entitlement/objects.ts";

const made = minute(-1000);

describe("a time in a status", () => {
  it.each([
    ["now", "2026-01-01T12:00:00Z", minute(0)],
    ["since the object was made", "2025-12-31T19:20:00Z", minute(-1000)],
    ["a little before, by another clock", "2025-12-31T19:16:00Z", minute(-1004)],
    ["long before", "1970-01-01T00:00:00Z", undefined],
    ["in the future", "2026-01-01T12:00:01Z", undefined],
    ["no time", "soon", undefined],
    ["beyond all times", "+275760-09-13T00:00:00Z", undefined],
  ])("is believed if it may be one: %s", (_what, text, at) => {
    expect(believedTime(text, made, now)).toEqual(at);
  });

  it("is read for each group of failures by itself", () => {
    const group = { count: 1, examples: ["team-a"] };
    const failures: Status["failures"] = [
      { ...group, reason: "SourceMissing", cause: "Platform", oldestSince: "2026-01-01T10:00:00Z" },
      { ...group, reason: "SecretConflict", cause: "Tenant", oldestSince: "2099-01-01T00:00:00Z" },
    ];
    expect(reportedSince({ failures }, made, now)).toEqual(new Map([["SourceMissing/Platform", minute(-120)]]));
    expect(reportedSince(undefined, made, now).size).toBe(0);
  });
});
