// What a status says of the grants of an entry, kept so that one grant's change costs the same however many there are.
import { type EntryStateName, worstState } from "../../api/entry-states.ts";
import { isAlive } from "../../cluster/token.ts";
import type { Failure } from "../../runtime/errors.ts";
import { heap, type Heap, notPlaced, type Placed } from "../../runtime/heap.ts";
import { isEarlier } from "../../runtime/time-text.ts";
import { type EntryView, expired, type GrantView } from "./plan-types.ts";

export interface GrantTally {
  /** Another namespace has the grant. Returns whether it is the first one. */
  add(key: string): boolean;
  /** Returns whether it was the last one. */
  remove(key: string): boolean;
  keys(): Iterable<string>;
  /** It is to be looked at again. */
  changed(key: string): void;
  view(now: Temporal.Instant): Omit<EntryView, "name">;
}

interface Timed extends Placed {
  readonly key: string;
  readonly at: Temporal.Instant;
}

interface Failing extends Placed {
  readonly failure: Failure;
  readonly lacksToken: boolean;
}

interface Known {
  /** How many namespaces have it. */
  users: number;
  /** Undefined: it is to be looked at. */
  seen: Seen | undefined;
}

interface Seen {
  readonly state: EntryStateName;
  readonly hasToken: boolean;
  readonly isFailing: boolean;
  readonly isAwaiting: boolean;
  readonly isAwaited: boolean;
  /** Where it stands in which order. */
  readonly places: readonly { readonly order: Heap<Placed>; readonly item: Placed }[];
}

/** Of several that fail the same is told whichever was asked last: a restart asks them in another order. */
const inWords = (): Heap<Failing> =>
  heap((one, other) =>
    one.lacksToken === other.lacksToken ? one.failure.message < other.failure.message : one.lacksToken,
  );
const byTime = (): Heap<Timed> => heap((one, other) => isEarlier(one.at, other.at));

export function grantTally(look: (key: string) => GrantView): GrantTally {
  return new KeptGrants(look);
}

class KeptGrants implements GrantTally {
  readonly #look;
  readonly #known = new Map<string, Known>();
  readonly #unseen = new Set<string>();
  readonly #states = new Map<EntryStateName, number>();
  readonly #numbers = { tokens: 0, failing: 0, awaiting: 0, awaited: 0 };
  readonly #issued = byTime();
  /** Ends to come, and ends that have passed. */
  readonly #ends = byTime();
  readonly #ended = byTime();
  readonly #failing = inWords();
  /** What keeps the platform from its promise: what is tried again by itself, and what is not. */
  readonly #retried = inWords();
  readonly #stuck = inWords();

  constructor(look: (key: string) => GrantView) {
    this.#look = look;
  }

  readonly #count = ({ state, hasToken, isFailing, isAwaiting, isAwaited }: Seen, by: 1 | -1): void => {
    const count = (this.#states.get(state) ?? 0) + by;
    if (count > 0) this.#states.set(state, count);
    else this.#states.delete(state);
    this.#numbers.tokens += hasToken ? by : 0;
    this.#numbers.failing += isFailing ? by : 0;
    this.#numbers.awaiting += isAwaiting ? by : 0;
    this.#numbers.awaited += isAwaited ? by : 0;
  };

  readonly #forget = (known: Known): void => {
    if (!known.seen) return;
    this.#count(known.seen, -1);
    for (const { order, item } of known.seen.places) order.remove(item);
    known.seen = undefined;
  };

  readonly #see = (key: string, known: Known, now: Temporal.Instant): void => {
    this.#forget(known);
    const view = this.#look(key);
    const { token, failure: failed, awaited = false } = view;
    const isAliveNow = token !== undefined && isAlive(token, now);
    const places: { readonly order: Heap<Placed>; readonly item: Placed }[] = [];
    const put = <T extends Placed>(order: Heap<T>, item: T): void => {
      order.put(item);
      places.push({ order, item });
    };
    const timed = (at: Temporal.Instant): Timed => ({ key, at, position: notPlaced });
    if (token) put(this.#issued, timed(token.issuedAt));
    if (token?.expiresAt) put(isAliveNow ? this.#ends : this.#ended, timed(token.expiresAt));
    const failing = (each: Failure): Failing => ({ failure: each, lacksToken: !isAliveNow, position: notPlaced });
    if (failed) put(this.#failing, failing(failed));
    const blocker = isAliveNow ? undefined : (failed ?? (token && expired));
    if (blocker && blocker.cause !== "Tenant")
      put(blocker.retry === "backoff" ? this.#retried : this.#stuck, failing(blocker));
    known.seen = {
      state: stateOf(view, isAliveNow),
      hasToken: token !== undefined,
      isFailing: failed !== undefined,
      isAwaiting: !token && !failed,
      isAwaited: awaited,
      places,
    };
    this.#count(known.seen, 1);
  };

  readonly #upToDate = (now: Temporal.Instant): void => {
    for (let end = this.#ends.first(); end && !isEarlier(now, end.at); end = this.#ends.first()) {
      const known = this.#known.get(end.key);
      if (known) this.#see(end.key, known, now);
    }
    for (const key of this.#unseen) {
      this.#unseen.delete(key);
      const known = this.#known.get(key);
      if (known) this.#see(key, known, now);
    }
  };

  readonly add: GrantTally["add"] = (key) => {
    const known = this.#known.get(key);
    if (known) {
      known.users += 1;
      return false;
    }
    this.#known.set(key, { users: 1, seen: undefined });
    this.#unseen.add(key);
    return true;
  };

  readonly remove: GrantTally["remove"] = (key) => {
    const known = this.#known.get(key);
    if (!known || (known.users -= 1) > 0) return false;
    this.#forget(known);
    this.#unseen.delete(key);
    return this.#known.delete(key);
  };

  readonly keys: GrantTally["keys"] = () => this.#known.keys();

  readonly changed: GrantTally["changed"] = (key) => {
    if (this.#known.has(key)) this.#unseen.add(key);
  };

  readonly view: GrantTally["view"] = (now) => {
    this.#upToDate(now);
    const ends = [this.#ended.first(), this.#ends.first()].flatMap((end) => end?.at ?? []);
    const { tokens, failing, awaiting, awaited } = this.#numbers;
    return {
      identities: this.#known.size,
      tokens,
      failing,
      awaitsTokens: awaiting > 0,
      awaitsAttempts: awaited > 0,
      state: worstState([...this.#states.keys()]),
      worst: this.#failing.first()?.failure,
      blocking: [this.#retried.first(), this.#stuck.first()]
        .flatMap((each) => each?.failure ?? [])
        .toSorted((one, other) => (one.message < other.message ? -1 : 1)),
      expiresAt: ends[0],
      refreshedAt: this.#issued.first()?.at,
    };
  };
}

function stateOf({ token, failure: failed }: GrantView, isAliveNow: boolean): EntryStateName {
  if (token && !isAliveNow) return "Expired";
  if (failed) return "Failing";
  return token?.state ?? "Pending";
}
