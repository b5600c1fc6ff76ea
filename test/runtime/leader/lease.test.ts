// Tests that a Lease that somebody else wrote is believed no further than a Lease goes.
import { describe, expect, it } from "vitest";
import { heldLease, leaseRecord, releasedLease } from "../../../src/runtime/leader/lease.ts";

const now = Temporal.Instant.from("2026-01-01T00:00:00Z");
const name = { namespace: "ops", name: "regcred" };
const lease = (spec: object) =>
  leaseRecord({ metadata: { ...name, uid: "u", resourceVersion: "1" }, spec: { holderIdentity: "a", ...spec } });

describe("a Lease", () => {
  it.each<[unknown, number]>([
    [15, 15_000],
    [60, 60_000],
    [2_147_483_647, 60_000],
    [1, 1_000],
    [0, 1_000],
    [-5, 1_000],
    [undefined, 15_000],
    ["soon", 15_000],
  ])("of %j seconds binds others for %i ms", (leaseDurationSeconds, bound) => {
    expect(lease({ leaseDurationSeconds }).view.durationMs).toBe(bound);
  });

  it("shows another sign of life for each time, holder, hand-over and object", () => {
    const spec = { renewTime: "1", acquireTime: "2", leaseTransitions: 3 };
    const sign = (changes: object): string => lease({ ...spec, ...changes }).view.sign;
    const signs = [{}, { renewTime: "2" }, { acquireTime: "3" }, { leaseTransitions: 4 }, { holderIdentity: "b" }].map(
      sign,
    );
    const made = {
      metadata: { ...name, uid: "another", resourceVersion: "1" },
      spec: { holderIdentity: "a", ...spec },
    };
    expect(new Set([...signs, leaseRecord(made).view.sign]).size).toBe(6);
    expect(sign({ leaseDurationSeconds: 30, strategy: "x" })).toBe(sign({}));
  });

  it("that is renewed was acquired when it was taken, and one that is taken is acquired now", () => {
    const before = lease({ acquireTime: "2020-01-01T00:00:00.000000Z", leaseTransitions: 7, preferredHolder: "c" });
    expect(heldLease(name, before, "a", now).spec).toMatchObject({
      acquireTime: "2020-01-01T00:00:00.000000Z",
      renewTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 7,
    });
    expect(heldLease(name, before, "b", now).spec).toMatchObject({
      holderIdentity: "b",
      acquireTime: "2026-01-01T00:00:00.000000Z",
      leaseDurationSeconds: 15,
      leaseTransitions: 8,
      preferredHolder: "c",
    });
  });

  it("that is given back is nobody's, in the version that was seen, and binds nobody for longer than a second", () => {
    const given = releasedLease(lease({ leaseDurationSeconds: 15, leaseTransitions: 7 }), now);
    expect(given).toMatchObject({
      metadata: { uid: "u", resourceVersion: "1" },
      spec: {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        leaseTransitions: 7,
        renewTime: "2026-01-01T00:00:00.000000Z",
      },
    });
  });

  it.each<[unknown, number]>([
    [7, 8],
    [2_147_483_646, 2_147_483_647],
    [2_147_483_647, 1],
    [-1, 1],
    ["many", 1],
    [undefined, 1],
  ])("that changed hands %j times can be taken", (leaseTransitions, next) => {
    expect(heldLease(name, lease({ leaseTransitions }), "b", now).spec?.leaseTransitions).toBe(next);
  });
});
