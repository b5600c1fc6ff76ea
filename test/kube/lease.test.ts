// Is a Lease that somebody else wrote believed no further than a Lease goes?
import { describe, expect, it } from "vitest";
import { heldLease, leaseRecord } from "../../src/kube/lease.ts";

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
