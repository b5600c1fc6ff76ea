// Context: what the controllers may touch, by subject. A function takes the whole, and says by its parameters which members it uses.
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import type { InSlices } from "../runtime/in-slices.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import type { Digest } from "../cluster/digest.ts";
import type { ApiErrorKind } from "../runtime/client/api-error.ts";
import type { EventRecorder } from "../runtime/events/event-recorder.ts";
import type { Stores, Transforms } from "../cluster/kinds.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import type { Mode } from "../cluster/install-mode.ts";
import type { Grant } from "../providers/grant.ts";
import type { RenderScope } from "../providers/grant-types.ts";
import type { Timing } from "./timing.ts";
import type { Provider } from "../providers/provider.ts";
import type { Verify } from "../grants/verify.ts";
import type { Waits } from "../runtime/queue/waits.ts";
import type { AddOptions } from "../runtime/queue/work-queue.ts";
import type { Log } from "../runtime/observability/log.ts";
import type { CredentialMetrics } from "../metrics/credential-metrics.ts";
import type { StatusCache } from "./status-cache.ts";
import type { CredentialIndex } from "../entitlement/credential-index.ts";
import type { Judged } from "../entitlement/judged-secrets.ts";
import type { Members } from "../entitlement/members.ts";
import type { MembersStore } from "./members/apply.ts";
import type { Permissions } from "../cluster/permissions.ts";
import type { Signals } from "./signals.ts";
import type { ShareReached } from "./share-events.ts";
import type { GrantTracker } from "../grants/grant-tracker.ts";

export interface Context {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  readonly grants: Grants;
  readonly queue: Queue;
}

/** The time, and whom things are told. */
export interface Runtime {
  readonly clock: Clock;
  /** For whatever may be thousands: everybody shares what a turn of the event loop has. */
  readonly inSlices: InSlices;
  readonly log: Log;
  readonly events: Pick<EventRecorder, "publish">;
  readonly metrics: CredentialMetrics;
  /** A namespace has had its share of something, and has to wait for more. */
  readonly shareReached: ShareReached;
}

export interface Settings {
  /** The operator's own namespace. */
  readonly namespace: string;
  /** With which rights it was installed. */
  readonly mode: Mode;
  /** The most bytes that a merged docker config may have. */
  readonly maxConfigBytes: number;
  /** Default: the usual times. */
  readonly timing?: Pick<Timing, "unused"> | undefined;
}

/** What the API server has, and what the operator may do there. */
export interface Cluster {
  readonly api: ClusterApi;
  readonly stores: Stores;
  readonly transforms: Transforms;
  /** The keyed digest by which a Secret's data is told right or wrong. */
  readonly digest: Digest;
  /** What a failed call to the API server means; `action` completes "cannot ...". Undefined kind: not its answer. */
  readonly callFailure: (
    error: unknown,
    action: string,
  ) => { readonly kind: ApiErrorKind | undefined; readonly failure: Failure };
  /** The watches for this pull Secret name have delivered their whole initial state, as far as they may. */
  readonly namesSynced: (name: string) => boolean;
  readonly permissions: Permissions;
}

/** What is known of the RegistryCredentials: whom they select, who holds their logins, how they fare. */
export interface Credentials {
  readonly index: CredentialIndex;
  /** Who holds a login of which credential. */
  readonly members: Members;
  readonly membersStore: MembersStore;
  readonly judged: Judged;
  readonly statusCache: StatusCache;
}

/** What entries are in a namespace, and their tokens. */
export interface Grants {
  /** What entries are rendered against in a namespace. */
  readonly scopeOf: (namespace: NamespaceRecord) => RenderScope;
  /** The key of a grant, short enough for a name. */
  readonly grantKey: (grant: Grant) => string;
  readonly tokens: GrantTracker;
  readonly provider: Provider;
  /** Tries a new token at the registry before it is published. */
  readonly verify: Verify;
}

/** What is to be done, and what it waits for. */
export interface Queue {
  /** Asks for a run of a controller. */
  readonly enqueue: (key: string, options?: AddOptions) => void;
  readonly signals: Signals;
  /** What runs have left undone, and until when. */
  readonly waits: Waits;
}
