// The Lease object of coordination.k8s.io/v1: read, taken, renewed, released.
import { boundedNumber, boundedSeconds, bounds } from "../foreign-numbers.ts";
import { type StoredObject, identityOf } from "../watch/object-meta.ts";
import { type LeaseView, leaseDuration } from "./lease-state.ts";
import { microTime } from "../time-text.ts";

export interface LeaseObject {
  readonly metadata: { readonly uid?: string; readonly resourceVersion?: string; readonly [field: string]: unknown };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** MicroTime, as text: it says that the holder lives, not when. */
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface LeaseRecord extends StoredObject {
  readonly uid: string;
  readonly view: LeaseView;
  /** As it was read: what we do not know of goes back as it is. */
  readonly object: LeaseObject;
}

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** Throws where it is no Kubernetes object. */
export function leaseRecord(raw: unknown): LeaseRecord {
  const { key, uid, resourceVersion } = identityOf(raw);
  const object = raw as LeaseObject;
  const { holderIdentity = "", leaseDurationSeconds, renewTime, acquireTime, leaseTransitions } = object.spec ?? {};
  return {
    key,
    uid,
    resourceVersion,
    view: {
      holder: holderIdentity,
      durationMs: boundedSeconds(leaseDurationSeconds, bounds.lease)?.total("milliseconds") ?? leaseDuration,
      sign: JSON.stringify([uid, holderIdentity, renewTime, acquireTime, leaseTransitions]),
    },
    object,
  };
}

/** The body with which `holder` takes the Lease, or renews it where it holds it already. */
export function heldLease(
  { namespace, name }: LeaseName,
  before: LeaseRecord | undefined,
  holder: string,
  now: Temporal.Instant,
): LeaseObject {
  const spec = before?.object.spec;
  const transitions = boundedNumber(spec?.leaseTransitions, bounds.transitions) ?? 0;
  const renews = before?.view.holder === holder;
  return {
    ...(before?.object ?? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } }),
    metadata: before?.object.metadata ?? { namespace, name },
    spec: {
      ...spec,
      holderIdentity: holder,
      leaseDurationSeconds: leaseDuration / 1000,
      renewTime: microTime(now),
      acquireTime: renews && spec?.acquireTime !== undefined ? spec.acquireTime : microTime(now),
      leaseTransitions: spec === undefined ? 0 : transitions + (renews ? 0 : 1),
    },
  };
}

/** As client-go releases: nobody's, and valid for the shortest time that there is. */
export function releasedLease({ object }: LeaseRecord, now: Temporal.Instant): LeaseObject {
  return {
    ...object,
    spec: { ...object.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(now) },
  };
}
