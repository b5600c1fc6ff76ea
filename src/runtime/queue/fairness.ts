// Fairness between owners: whether an owner's key may run now, and may overtake, given what has been done for it.
import { type Lane, lanes } from "./lane-turns.ts";
import { type Share, shares } from "./shares.ts";

/** Keys that belong to somebody, whose doing can queue them, share what their owner may have. */
export interface Fairness {
  /** Undefined: nobody's. */
  readonly ownerOf: (key: string) => string | undefined;
  /** Of runs and what they cost. A key whose owner has had it waits for its time; nobody waits with it. */
  readonly work: Share;
  /** Of runs in the lane `interactive`; more of them are `normal`. */
  readonly overtaking: Share;
  /** A key has to wait because its owner has had its share. Must not throw. */
  readonly onReached?: (owner: string) => void;
}

/** That a key shall run: how urgently, in whose turn, and when (elapsed milliseconds). */
export interface Wish {
  readonly lane: Lane;
  readonly flow: string;
  readonly at: number;
}

/** Milliseconds. Who waits for what comes so much later does not wait for what comes now. */
const farOff = 60_000;

/**
 * Two wishes for one key are one; its flow is that of the higher lane, of equals the first. Where one of them is for a time that is
 * far off, such as the end of a login that is replaced now, the other one says how urgent it is.
 */
export function earliestAndHighest(first: Wish, second: Wish, now: number): Wish {
  const ahead = Math.max(second.at, now) - Math.max(first.at, now);
  if (Math.abs(ahead) >= farOff) return ahead > 0 ? first : second;
  const { lane, flow } = lanes.indexOf(second.lane) < lanes.indexOf(first.lane) ? second : first;
  return { lane, flow, at: Math.min(first.at, second.at) };
}

export interface FairShares {
  flowOf(key: string, lane: Lane): string;
  /** The wish, put off or slowed down to what its owner may have. */
  within(key: string, wish: Wish, now: number): Wish;
  started(key: string, lane: Lane, now: number): void;
  ended(key: string, cost: number, now: number): void;
}

export function fairShares(fairness: Fairness | undefined): FairShares {
  if (!fairness) return unshared;
  const { ownerOf, onReached } = fairness;
  const work = shares(fairness.work);
  const overtaking = shares(fairness.overtaking);
  return {
    // One of thousands is in its credential's turn; what happens to one owner is in the owner's.
    flowOf: (key, lane) => (lane === "bulk" ? "" : (ownerOf(key) ?? key)),
    within: (key, { lane, flow, at }, now) => {
      const owner = ownerOf(key);
      if (owner === undefined) return { lane, flow, at };
      const free = work.freeAt(owner);
      if (free > Math.max(at, now)) onReached?.(owner);
      const isTooMuch = lane === "interactive" && overtaking.freeAt(owner) > now;
      return { lane: isTooMuch ? "normal" : lane, flow, at: Math.max(at, free) };
    },
    started: (key, lane, now) => {
      const owner = lane === "interactive" ? ownerOf(key) : undefined;
      if (owner !== undefined) overtaking.spend(owner, 1, now);
    },
    ended: (key, cost, now) => {
      const owner = ownerOf(key);
      if (owner !== undefined) work.spend(owner, 1 + cost, now);
    },
  };
}

const unshared: FairShares = {
  flowOf: () => "",
  within: (_key, wish) => wish,
  started: () => undefined,
  ended: () => undefined,
};
