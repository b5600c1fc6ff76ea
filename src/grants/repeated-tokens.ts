// Sources that hand out the same token again until near its end.
import type { Clock } from "../runtime/clock.ts";
import type { Repeats } from "./refresh.ts";

export interface RepeatsByGrant {
  of(grantKey: string): Repeats | undefined;
  /** The stored token was handed out again. */
  again(grantKey: string): void;
  /** Another one was. */
  anew(grantKey: string): void;
  forget(grantKey: string): void;
  /** Grants whose present token was handed out again, or is not asked for before that is of use. */
  keys(): Iterable<string>;
}

/** Milliseconds after which it is tried whether a source has changed its ways. */
const believed = Temporal.Duration.from({ hours: 24 }).total("milliseconds");

interface Known extends Repeats {
  /** Elapsed milliseconds since when it is believed. */
  readonly since: number;
}

/** Learnt by each process anew: that costs a call for each grant. */
export function repeatsByGrant(clock: Clock): RepeatsByGrant {
  const known = new Map<string, Known>();
  return {
    of: (key) => known.get(key),
    again: (key) => {
      const { at, tokens = 0, since = clock.elapsed() } = known.get(key) ?? {};
      known.set(key, { at: clock.now(), tokens: at ? tokens : tokens + 1, since });
    },
    anew: (key) => {
      const before = known.get(key);
      if (!before) return;
      const { at, tokens, since } = before;
      // At half of its life another one was to be had.
      if (!at && tokens <= 1) known.delete(key);
      else if (clock.elapsed() - since < believed) known.set(key, { at: undefined, tokens, since });
      else known.set(key, { at: undefined, tokens: 1, since: clock.elapsed() });
    },
    forget: (key) => {
      known.delete(key);
    },
    keys: () => known.keys(),
  };
}
