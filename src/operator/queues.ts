// The queues, and how much each namespace may have done. A part of the composition root.
import type { Clock, Random } from "../runtime/clock.ts";
import { keyOf } from "../controllers/keys.ts";
import type { Gate } from "../runtime/queue/gate.ts";
import type { Share } from "../runtime/queue/shares.ts";
import { type WorkQueue, workQueue } from "../runtime/queue/work-queue.ts";
import type { ShareReached } from "../controllers/share-events.ts";
import type { Instruments } from "../metrics/instruments.ts";
import { queueObserver } from "../metrics/queue-metrics.ts";
import type { Timing } from "../controllers/timing.ts";

export interface Queues {
  readonly tenants: WorkQueue;
  readonly tokens: WorkQueue;
}

// A run is one unit, and so is a request (src/cluster/metered-api.ts). A namespace with a few ServiceAccounts takes ten of them
// when it is new; one with 10,000 is done in some minutes and takes a thirtieth of what an API server bears meanwhile.
const work: Share = { perSecond: 50, burst: 500 };
// What a new namespace needs until it is served, twice. Whoever makes more news of it waits in turn with all the others.
const overtaking: Share = { perSecond: 0.1, burst: 10 };
export function queues({
  clock,
  random,
  timing: { debounce, slowly } = {},
  instruments,
  shareReached,
  gate,
}: {
  readonly clock: Clock;
  readonly random: Random;
  readonly timing?: Timing;
  readonly instruments: Pick<Instruments, "observe">;
  readonly shareReached: ShareReached;
  /** What tokens need before they are asked for. Default: nothing. */
  readonly gate?: Gate;
}): Queues {
  return {
    tenants: workQueue({
      clock,
      random,
      debounce,
      slowly,
      observer: queueObserver(instruments, "tenants"),
      fairness: { ownerOf: namespaceOf, work, overtaking, onReached: (namespace) => shareReached("work", namespace) },
    }),
    tokens: workQueue({
      clock,
      random,
      debounce,
      slowly,
      observer: queueObserver(instruments, "tokens"),
      ...(gate && { gate }),
    }),
  };
}

/** Whose doing queues the key: what happens in a namespace does. */
function namespaceOf(text: string): string | undefined {
  const key = keyOf(text);
  return "namespace" in key ? key.namespace : undefined;
}
