// Tests that each write of the Lease says which version it replaces.
import { describe, expect, it } from "vitest";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { heldLease, leaseRecord } from "../../../src/runtime/leader/lease.ts";
import { leases } from "../../../src/runtime/leader/leases.ts";
import type { ApiRequest, Transport } from "../../../src/runtime/client/transport.ts";

const name = { namespace: "ops", name: "regcred" };
const now = Temporal.Instant.from("2026-01-01T00:00:00Z");
const within = Temporal.Duration.from({ seconds: 5 });
const stored = { metadata: { ...name, uid: "u", resourceVersion: "7" }, spec: { holderIdentity: "a" } };

function played(answer: () => unknown) {
  const calls: ApiRequest[] = [];
  const request: Transport["request"] = async (call) => {
    calls.push(call);
    const value = answer();
    return { status: 200, headers: {}, text: "", json: () => value };
  };
  const other = (): never => {
    throw new TypeError("it is not expected to be called");
  };
  return { calls, leases: leases({ server: "", request, stream: other, close: other }) };
}

describe("a Lease", () => {
  it("is replaced in the version that was seen, of the object that was seen", async () => {
    const { calls, leases: at } = played(() => stored);
    await at.put(name, heldLease(name, leaseRecord(stored), "b", now), within);
    expect(calls).toMatchObject([
      { method: "PUT", path: "/apis/coordination.k8s.io/v1/namespaces/ops/leases/regcred" },
    ]);
    expect(JSON.parse(String(calls[0]?.body))).toMatchObject({
      metadata: { ...name, uid: "u", resourceVersion: "7" },
      spec: { holderIdentity: "b" },
    });
  });

  it("that was not there is made, and never replaced", async () => {
    const { calls, leases: at } = played(() => stored);
    await at.put(name, heldLease(name, undefined, "b", now), within);
    expect(calls).toMatchObject([{ method: "POST", path: "/apis/coordination.k8s.io/v1/namespaces/ops/leases" }]);
    expect(JSON.parse(String(calls[0]?.body))).toMatchObject({ metadata: name, spec: { leaseTransitions: 0 } });
  });

  it("is asked for once per call, on connections of its own, and no longer than it is told", async () => {
    const { calls, leases: at } = played(() => stored);
    await at.get(name, within);
    await at.put(name, heldLease(name, leaseRecord(stored), "b", now), within);
    expect(calls).toMatchObject([
      { method: "GET", purpose: "lease", idempotent: false, deadline: within },
      { method: "PUT", purpose: "lease", idempotent: false, deadline: within },
    ]);
  });

  it.each(["notFound", "namespaceNotFound"] as const)("is none for %s, and for nothing else", async (kind) => {
    const failing = (of: ApiError["kind"]) =>
      played(() => {
        throw new ApiError({ kind: of, details: { causes: [] }, message: of });
      }).leases;
    await expect(failing(kind).get(name, within)).resolves.toBeUndefined();
    await expect(failing("forbidden").get(name, within)).rejects.toMatchObject({ kind: "forbidden" });
    await expect(failing(kind).put(name, heldLease(name, undefined, "b", now), within)).rejects.toMatchObject({ kind });
  });
});
