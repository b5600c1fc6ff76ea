// Adaptive concurrency: how many runs at once the API server bears (AIMD).

export interface AdaptiveConcurrency {
  current(): number;
  /** The API server answered 429. Halves. */
  throttled(): void;
  /** A run succeeded. Grows by one after as many successes as may run at once. */
  succeeded(): void;
}

/**
 * Additive increase, multiplicative decrease, as TCP does it (RFC 5681, section 3.1) and for the same reason: many
 * clients that know nothing of each other settle on fair shares. Starts at the most, because priority and fairness
 * queues a burst before it refuses one (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/).
 */
export function adaptiveConcurrency(max: number): AdaptiveConcurrency {
  let current = max;
  let successes = 0;
  return {
    current: () => current,
    throttled: () => {
      current = Math.max(1, Math.floor(current / 2));
      successes = 0;
    },
    succeeded: () => {
      successes += 1;
      if (successes < current) return;
      successes = 0;
      current = Math.min(max, current + 1);
    },
  };
}
