// Leadership: the Lease with its watch and its log. A part of the composition root.
import { randomUUID } from "node:crypto";
import type { Clock, Random } from "../runtime/clock.ts";
import { type ElectionEvent, type LeaderElection, leaderElection } from "../runtime/leader/leader-election.ts";
import { type LeaseRecord, leaseRecord } from "../runtime/leader/lease.ts";
import { leasePath, leases } from "../runtime/leader/leases.ts";
import { listWatch } from "../runtime/client/list-watch.ts";
import { leaseName } from "../cluster/needed-permissions.ts";
import type { Transport } from "../runtime/client/transport.ts";
import type { WriteFence } from "../runtime/leader/write-fence.ts";
import type { Log } from "../runtime/observability/log.ts";
import { errorFields, logWatch } from "../runtime/observability/log-watch.ts";
import { kept } from "../cluster/object-limits.ts";
import { reflector } from "../runtime/watch/reflector.ts";
import { store } from "../runtime/watch/store.ts";

export interface Leadership extends Pick<LeaderElection, "start" | "led" | "lost" | "leading" | "stuck"> {
  /** Through which each write goes; undefined where there is none. */
  readonly fence: WriteFence | undefined;
  /** Gives the Lease back: call it when the guarded work has ended. */
  stop(): Promise<void>;
}

export interface LeadershipOptions {
  readonly api: Transport;
  /** The operator's own. */
  readonly namespace: string;
  /** The name of the pod or host. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The Lease shows that etcd was restored. */
  readonly wentBack: () => void;
}

export function leadership({ api, namespace, instance, clock, random, log, wentBack }: LeadershipOptions): Leadership {
  const lease = { namespace, name: leaseName };
  const identity = `${instance}_${randomUUID()}`;
  const election = leaderElection({
    leases: leases(api),
    lease,
    identity,
    clock,
    random,
    observe: (event) => {
      if (event.kind === "wentBack") wentBack();
      else logElection(log, event);
    },
  });
  // A release is seen at once, so that a planned hand-over takes no time.
  const seen = store<LeaseRecord>({ wentBack });
  seen.subscribe(({ before, after }) => {
    if (after) election.seen({ now: after });
    else if (before) election.seen({ gone: before });
  });
  const watch = reflector({
    listWatch: listWatch(api, {
      path: leasePath(namespace),
      query: { fieldSelector: `metadata.name=${leaseName}` },
      keeps: () => kept.lease,
    }),
    store: seen,
    transform: leaseRecord,
    clock,
    random,
    observe: (event) => logWatch(log, "lease", event),
  });
  return {
    ...election,
    start: () => {
      election.start();
      watch.start();
    },
    stop: async () => {
      await election.release();
      await watch.stop();
    },
  };
}

/** For an operator that is the only one, as its administrator says: nothing is asked, nothing is fenced. */
export function undisputed(): Leadership {
  return {
    led: Promise.resolve(),
    lost: new Promise<never>(() => undefined),
    leading: () => true,
    stuck: () => false,
    fence: undefined,
    start: () => undefined,
    stop: () => Promise.resolve(),
  };
}

function logElection(log: Log, event: Exclude<ElectionEvent, { readonly kind: "wentBack" }>): void {
  switch (event.kind) {
    case "leading":
      log.info("leading", { transitions: event.transitions });
      return;
    case "following":
      log.info("standing by", { holder: event.holder });
      return;
    case "lost":
      log.error("lease lost", event.loss.kind === "taken" ? { takenBy: event.loss.holder } : { expired: true });
      return;
    case "released":
      log.info("lease released");
      return;
    case "failed":
      log.warn("lease not reached", errorFields(event.error));
  }
}
