// The API server's part in an election: one Lease, compare-and-swap, and a network that may fail.
import { ApiError, unavailable } from "../../../src/runtime/client/api-error.ts";
import { type LeaseName, type LeaseObject, type LeaseRecord, leaseRecord } from "../../../src/runtime/leader/lease.ts";
import type { Leases } from "../../../src/runtime/leader/leases.ts";
import type { FakeClock } from "../../fake-clock.ts";

export type Network =
  | "up"
  /** All is carried out at once, and each answer takes four seconds. */
  | "slow"
  /** Nothing arrives, and each call ends at its deadline. */
  | "cut"
  /** Writes are carried out, and their answers get lost. */
  | "deaf"
  /** The same, and not even a deadline ends a call. */
  | "stuck";

export interface LeaseServer {
  /** What one replica has of it; a change reaches `watch` as long as its network is up. */
  client(watch: (change: { now: LeaseRecord } | { gone: LeaseRecord }) => void): Leases & { network: Network };
  readonly lease: () => LeaseRecord | undefined;
  /** As an administrator would. */
  remove(): void;
  edit(spec: LeaseObject["spec"]): void;
  /** What etcd holds now. */
  snapshot(): Snapshot;
  /** etcd is put back to then, its versions too; the watches list anew. */
  restore(snapshot: Snapshot): void;
  /** Writes that were carried out. */
  readonly writes: () => number;
  /** Reads that were answered. */
  readonly reads: () => number;
}

interface Snapshot {
  readonly object: LeaseObject | undefined;
  readonly version: number;
}

/** How long an answer takes where it is slow. */
export const slowly = Temporal.Duration.from({ seconds: 4 });

const isConnected = ({ network }: { readonly network: Network }): boolean =>
  network === "up" || network === "deaf" || network === "slow";

export function leaseServer(clock: FakeClock): LeaseServer {
  let object: LeaseObject | undefined;
  let version = 0;
  let writes = 0;
  let reads = 0;
  const watchers: {
    readonly client: { network: Network };
    readonly tell: (change: { now: LeaseRecord } | { gone: LeaseRecord }) => void;
  }[] = [];
  const record = (): LeaseRecord | undefined => object && leaseRecord(object);
  const tell = (change: { now: LeaseRecord } | { gone: LeaseRecord }): void => {
    for (const { client, tell: each } of watchers) if (isConnected(client)) each(change);
  };
  const store = ({ namespace, name }: LeaseName, body: LeaseObject): LeaseRecord => {
    version += 1;
    writes += 1;
    const uid = object?.metadata.uid ?? `uid-${version}`;
    object = { ...body, metadata: { ...body.metadata, namespace, name, uid, resourceVersion: String(version) } };
    const now = leaseRecord(object);
    tell({ now });
    return now;
  };
  const errorOf = (kind: ApiError["kind"]): ApiError =>
    new ApiError({ kind, code: 409, details: { causes: [] }, message: kind });

  return {
    client: (watch) => {
      const late = async (deadline: Temporal.Duration): Promise<never> => {
        if (client.network === "stuck") await new Promise(() => undefined);
        await clock.sleep(deadline);
        throw unavailable("no answer", "DeadlineExceeded");
      };
      const client: Leases & { network: Network } = {
        network: "up",
        get: async (_lease, deadline) => {
          const found = record();
          if (client.network === "slow") await clock.sleep(slowly);
          else if (client.network !== "up") return late(deadline);
          reads += 1;
          // Else a loop without a pause would never let the test go on.
          if (reads > 10_000) throw new Error("the Lease is read in a loop");
          return found;
        },
        put: async (lease, body, deadline) => {
          if (!isConnected(client)) return late(deadline);
          const { resourceVersion } = body.metadata;
          if (resourceVersion === undefined && object) throw errorOf("alreadyExists");
          if (resourceVersion !== undefined && !object) throw errorOf("notFound");
          if (resourceVersion !== object?.metadata.resourceVersion) throw errorOf("conflict");
          const answer = store(lease, body);
          if (client.network === "slow") await clock.sleep(slowly);
          return client.network === "deaf" ? late(deadline) : answer;
        },
      };
      watchers.push({ client, tell: watch });
      return client;
    },
    lease: record,
    remove: () => {
      const gone = record();
      object = undefined;
      if (gone) tell({ gone });
    },
    edit: (spec) => {
      if (object)
        store({ namespace: "regcred-system", name: "regcred" }, { ...object, spec: { ...object.spec, ...spec } });
    },
    snapshot: () => ({ object, version }),
    restore: (snapshot) => {
      const gone = record();
      ({ object, version } = snapshot);
      const now = record();
      if (now) tell({ now });
      else if (gone) tell({ gone });
    },
    writes: () => writes,
    reads: () => reads,
  };
}
