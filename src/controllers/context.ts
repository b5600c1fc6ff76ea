// Context: what the controllers may touch.
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import type { InSlices } from "../runtime/in-slices.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import type { ApiErrorKind } from "../runtime/client/api-error.ts";
import type { EventRecorder } from "../runtime/events/event-recorder.ts";
import type { Stores, Transforms } from "../cluster/kinds.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import type { Mode } from "../cluster/install-mode.ts";
import type { Grant } from "../providers/grant.ts";
import type { RenderScope } from "../providers/grant-types.ts";
import type { Timing } from "./timing.ts";
import type { Provider } from "../providers/provider.ts";
import type { Verify } from "./token/verify.ts";
import type { Waits } from "../runtime/queue/waits.ts";
import type { AddOptions } from "../runtime/queue/work-queue.ts";
import type { Log } from "../runtime/observability/log.ts";
import type { CredentialMetrics } from "../metrics/credential-metrics.ts";
import type { StatusCache } from "./status-cache.ts";
import type { CredentialIndex } from "../entitlement/credential-index.ts";
import type { Judged } from "./pull-secret/judged.ts";
import type { Members } from "../entitlement/members.ts";
import type { MembersStore } from "./members/apply.ts";
import type { Permissions } from "../cluster/permissions.ts";
import type { Signals } from "./signals.ts";
import type { ShareNews } from "./share-events.ts";
import type { GrantTracker } from "./token/grant-tracker.ts";

export interface Settings {
  /** The operator's own namespace. */
  readonly namespace: string;
  /** With which rights it was installed. */
  readonly mode: Mode;
  /** The most bytes that a merged docker config may have. */
  readonly maxConfigBytes: number;
}

export interface Context {
  readonly clock: Clock;
  /** For whatever may be thousands: everybody shares what a turn of the event loop has. */
  readonly inSlices: InSlices;
  readonly settings: Settings;
  /** Default: the usual times. */
  readonly timing?: Pick<Timing, "unused">;
  readonly stores: Stores;
  readonly transforms: Transforms;
  readonly api: ClusterApi;
  readonly provider: Provider;
  /** Tries a new token at the registry before it is published. */
  readonly verify: Verify;
  /** The key of a grant, short enough for a name. */
  readonly grantKey: (grant: Grant) => string;
  /** What entries are rendered against in a namespace. */
  readonly scopeOf: (namespace: NamespaceRecord) => RenderScope;
  readonly events: Pick<EventRecorder, "publish">;
  readonly log: Log;
  readonly metrics: CredentialMetrics;
  readonly tokens: GrantTracker;
  readonly judged: Judged;
  /** Who holds a login of which credential. */
  readonly members: Members;
  readonly storeMembers: MembersStore;
  readonly credentialIndex: CredentialIndex;
  readonly statusCache: StatusCache;
  /** The keyed digest by which a Secret's data is told right or wrong. */
  readonly digest: (values: Readonly<Record<string, string>>) => string;
  /** What a failed call to the API server means; `action` completes "cannot ...". Undefined kind: not its answer. */
  readonly refusal: (
    error: unknown,
    action: string,
  ) => { readonly kind: ApiErrorKind | undefined; readonly failure: Failure };
  /** Asks for a run of a loop. */
  readonly enqueue: (key: string, options?: AddOptions) => void;
  readonly signals: Signals;
  /** What runs have left undone, and until when. */
  readonly waits: Waits;
  /** The watches for this pull Secret name have delivered their whole initial state, as far as they may. */
  readonly namesSynced: (name: string) => boolean;
  readonly permissions: Permissions;
  /** A namespace has had its share of something, and has to wait for more. */
  readonly shareReached: ShareNews;
}
