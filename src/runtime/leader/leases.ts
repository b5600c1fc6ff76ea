// Reads and writes Leases, on connections that nothing else uses.
import { ApiError } from "../client/api-error.ts";
import { type LeaseName, type LeaseObject, type LeaseRecord, leaseRecord } from "./lease.ts";
import { resourcePath } from "../client/resource-path.ts";
import type { Transport } from "../client/transport.ts";

/** One attempt per call: the election tries again by itself, and knows what has become stale. Rejects with ApiError. */
export interface Leases {
  /** Undefined where it, or its namespace, is not there. */
  get(lease: LeaseName, within: Temporal.Duration): Promise<LeaseRecord | undefined>;
  /** POST where the body has no resourceVersion, else PUT. */
  put(lease: LeaseName, body: LeaseObject, within: Temporal.Duration): Promise<LeaseRecord>;
}

export const leasePath = (namespace: string, name?: string): string =>
  resourcePath({ group: "coordination.k8s.io", version: "v1", resource: "leases", namespace, name });

export function leases(transport: Transport): Leases {
  const call = { purpose: "lease", idempotent: false } as const;
  return {
    get: async ({ namespace, name }, deadline) => {
      try {
        const path = leasePath(namespace, name);
        return leaseRecord((await transport.request({ ...call, method: "GET", path, deadline })).json());
      } catch (error) {
        if (error instanceof ApiError && (error.kind === "notFound" || error.kind === "namespaceNotFound"))
          return undefined;
        throw error;
      }
    },
    put: async ({ namespace, name }, object, deadline) => {
      const isNew = object.metadata.resourceVersion === undefined;
      const answer = await transport.request({
        ...call,
        method: isNew ? "POST" : "PUT",
        path: leasePath(namespace, isNew ? undefined : name),
        body: JSON.stringify(object),
        deadline,
      });
      return leaseRecord(answer.json());
    },
  };
}
