// Tests that the tenants have names that sort in order in a list.
import { describe, expect, it } from "vitest";
import { tenantNames } from "./stage.ts";

describe("the names of tenants", () => {
  it("have as many digits as the largest needs, at least two", () => {
    expect(tenantNames("team-", 3)).toEqual(["team-01", "team-02", "team-03"]);
    expect(tenantNames("team-", 100)[8]).toBe("team-009");
  });
});
