// Tests that a former pull Secret stays for its hour, and no longer.
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import { retiredNames, retiringStatus } from "../../src/entitlement/rename-grace.ts";
import { credential, minute, now } from "./objects.ts";

function renamed(status: Status | undefined) {
  return credential({ spec: { pullSecret: { name: "new", onConflict: "Fail" } }, ...(status && { status }) });
}

describe("a renamed pull Secret", () => {
  it("is kept for an hour from the moment the new name is seen", () => {
    expect(retiredNames(renamed({ secretName: "old" }), { now: () => now })).toEqual([
      { secretName: "old", until: minute(60), over: false },
    ]);
  });

  it("keeps its end across restarts", () => {
    const retiring = [{ secretName: "old", until: "2026-01-01T12:30:00Z" }];
    expect(retiredNames(renamed({ secretName: "new", retiring }), { now: () => now })).toEqual([
      { secretName: "old", until: minute(30), over: false },
    ]);
    expect(retiredNames(renamed({ secretName: "new", retiring }), { now: () => minute(30) })).toMatchObject([
      { over: true },
    ]);
  });

  it("may have been renamed twice within the hour", () => {
    const retiring = [{ secretName: "oldest", until: "2026-01-01T12:30:00Z" }];
    expect(
      retiredNames(renamed({ secretName: "old", retiring }), { now: () => now }).map(({ secretName }) => secretName),
    ).toEqual(["oldest", "old"]);
  });

  it("is known though somebody has taken the present name out of the status", () => {
    const retiring = [{ secretName: "old", until: "2026-01-01T12:30:00Z" }];
    expect(retiredNames(renamed({ retiring }), { now: () => now }).map(({ secretName }) => secretName)).toEqual([
      "old",
    ]);
  });

  it("is not retired where the name came back", () => {
    const retiring = [{ secretName: "new", until: "2026-01-01T12:30:00Z" }];
    expect(retiredNames(renamed({ secretName: "new", retiring }), { now: () => now })).toEqual([]);
  });

  it.each(["soon", "2099-01-01T00:00:00Z", "-271821-04-20T00:00:00Z"])(
    "is kept for an hour, neither longer nor shorter, where somebody has written %j for its end",
    (until) => {
      const retiring = [{ secretName: "old", until }];
      expect(retiredNames(renamed({ secretName: "new", retiring }), { now: () => now })).toMatchObject([
        { until: minute(60) },
      ]);
    },
  );

  it("stays no longer than an hour, whatever its status says", () => {
    const retiring = [{ secretName: "old", until: "9999-01-01T00:00:00Z" }];
    expect(retiredNames(renamed({ secretName: "new", retiring }), { now: () => now })).toMatchObject([
      { until: minute(60) },
    ]);
  });

  it("has no former name before the first status", () => {
    expect(retiredNames(renamed(undefined), { now: () => now })).toEqual([]);
  });
});

describe("the status", () => {
  it("lists a name until its time is over and its last Secret has gone", () => {
    const young = { secretName: "young", until: minute(10), over: false };
    const old = { secretName: "old", until: minute(-10), over: true };
    expect(retiringStatus([young, old], () => false)).toEqual([{ secretName: "young", until: "2026-01-01T12:10:00Z" }]);
    expect(retiringStatus([young, old], () => true)).toHaveLength(2);
  });

  it("lists sixteen at most", () => {
    const many = Array.from({ length: 20 }, (_, n) => ({ secretName: `s${n}`, until: minute(10), over: false }));
    expect(retiringStatus(many, () => true)).toHaveLength(16);
  });

  it("is read back as it was written", () => {
    const retired = retiredNames(renamed({ secretName: "old" }), { now: () => now });
    const again = renamed({ secretName: "new", retiring: retiringStatus(retired, () => true) });
    expect(retiredNames(again, { now: () => now })).toEqual(retired);
  });
});
