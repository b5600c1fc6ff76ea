// Does each failure have the cause and the retry of its reason, also where the table cannot be asked?
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failure, isBeforeIdentity, isReason, reasons } from "../../src/api/reasons.ts";

const root = join(import.meta.dirname, "../..");

describe("a failure", () => {
  it("has the cause and the retry of its reason", () => {
    expect(failure("QuotaExceeded", { message: "full" })).toEqual({
      reason: "QuotaExceeded",
      cause: "Tenant",
      retry: "slowly",
      message: "full",
    });
  });

  it("has another where the place says so", () => {
    const made = failure("SourceMissing", { message: "it is not there", cause: "Tenant" });
    expect(made).toMatchObject({ cause: "Tenant", retry: "on-change" });
  });

  it("is before any identity for reasons that a tenant brings about without a cloud", () => {
    const early = Object.keys(reasons).filter((reason) => isBeforeIdentity({ reason }));
    expect(early).toEqual([
      "IdentityMissing",
      "IdentityInvalid",
      "ServiceAccountMissing",
      "ServiceAccountChanged",
      "ConsentMissing",
      "InvalidAudience",
      "NotPermitted",
    ]);
    expect(isBeforeIdentity({ reason: "toString" })).toBe(false);
  });

  it("of the runtime, which knows no table, is as the table has it", () => {
    const literal = /reason: "(\w+)",\s*cause: "(\w+)",(?:[^{}]|\{[^{}]*\})*?retry: "([\w-]+)"/g;
    const found = globSync("src/runtime/**/*.ts", { cwd: root }).flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(literal)].map(([, reason = "", cause, retry]) => ({
        reason,
        cause,
        retry,
      })),
    );
    // Where the API server does not take the credentials at the start, a person must log in: nothing tells when.
    const others = found.filter(({ reason, retry }) => !(reason === "Unauthorized" && retry === "slowly"));
    expect(others.length).toBeGreaterThan(4);
    for (const { reason, cause, retry } of others) {
      expect(isReason(reason) && { reason, ...reasons[reason] }).toMatchObject({ reason, cause, retry });
    }
  });
});
