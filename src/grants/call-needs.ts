// Places and rates that a call for a token needs, so that what hangs is in nobody's way. (pure but for its counts)
import type { Authority } from "../providers/authority.ts";
import type { Budget } from "../providers/definition.ts";
import type { Need, PlaceNeed } from "../runtime/queue/places.ts";
import { type Shares, shares } from "../runtime/queue/shares.ts";

/**
 * What is known of who asks whom. `proven`: tokens were given. `new`: nothing is known yet. `suspect`: the last one that asked
 * was not answered.
 */
export type Standing = "proven" | "new" | "suspect";

export interface CallAsked {
  readonly authority: Authority;
  /** The entry for which it is asked, and the authority. */
  readonly way: string;
  /** The authority, for whatever entry. */
  readonly place: string;
  readonly standing: Standing;
  /** The grant's last call took longer than a short one. */
  readonly isSlow: boolean;
  /** The grant is asked for in place of another one. */
  readonly isReplacing: boolean;
  /** The silence that it tries to end. */
  readonly trial: string | undefined;
}

export interface CallNeeds {
  /** To begin, the scarcest first. */
  toBegin(call: CallAsked): readonly Need[];
  /** To take longer than a short call: these places instead of those. */
  toGoOn(call: CallAsked): { readonly from: readonly string[]; readonly to: readonly PlaceNeed[] };
}

// A socket with what TLS keeps of it costs some 100 kB where nobody answers (measured, Node 26), so this is 50 MB.
const maxOfKind = 512;
/** Times what one entry may have under way at its authority. */
const maxOfAuthority = 4;
// A call that takes longer than a short one may hang, and only so many of those may be under way. The others end soon, or are
// broken off: so there is always a place again within the time of a short call.
const slowShare = 1 / 2;
// Of whom nothing is known, many may come at once and all of them hang.
const newShare = 1 / 4;
const suspectShare = 1 / 4;
/** Of an entry that has never been given a token by its authority, nor been left without an answer by it. */
const maxNew = 2;
// Grants that namespaces ask for in place of others, of one entry: tenants can ask for many.
const maxReplacing = 4;
// Of the calls per second. What is left is for those that have given tokens.
const newRate = 1 / 2;
const suspectRate = 1 / 4;

const until = "call";

export function callNeeds(budgets: Readonly<Record<Authority["kind"], Budget>>): CallNeeds {
  const rates = new Map<string, Shares>();

  const rateOf = (kind: Authority["kind"], share: number): Shares => {
    const name = `${kind} ${share}`;
    const { perSecond, burst } = budgets[kind];
    const made = rates.get(name) ?? shares({ perSecond: perSecond * share, burst: burst * share });
    rates.set(name, made);
    return made;
  };

  /** The shared places: how many there are. */
  const sharedOf = ({ authority: { kind }, place }: CallAsked): readonly (readonly [string, number])[] => [
    [`authority ${place}`, budgets[kind].concurrency * maxOfAuthority],
    [`provider ${kind}`, maxOfKind],
  ];
  const part = (name: string, max: number, share: number): PlaceNeed => ({
    place: name,
    max: Math.ceil(max * share),
    until,
  });
  const slow = ([name, max]: readonly [string, number]): PlaceNeed => part(`${name} (slow)`, max, slowShare);
  const asNew = ([name, max]: readonly [string, number]): PlaceNeed => ({
    ...part(`${name} (new)`, max, newShare),
    newestFirst: true,
  });

  const ofEntry = ({ authority: { kind }, way, standing, isReplacing }: CallAsked): readonly Need[] => {
    const { concurrency } = budgets[kind];
    return [
      ...(standing === "new" ? [{ place: `entry ${way} (new)`, max: maxNew, until }] : []),
      ...(standing === "suspect" ? [part(`entry ${way} (suspect)`, concurrency, suspectShare)] : []),
      { place: `entry ${way}`, max: concurrency, until },
      ...(isReplacing ? [{ place: `replacing ${way}`, max: maxReplacing, until }] : []),
    ];
  };

  const inTime = ({ authority: { kind, counters }, standing }: CallAsked): readonly Need[] =>
    counters.flatMap((counter) => {
      const rate = `rate ${kind} ${counter}`;
      const all = { rate, share: rateOf(kind, 1) };
      if (standing === "proven") return [all];
      const isNew = standing === "new";
      const share = rateOf(kind, isNew ? newRate : suspectRate);
      return [
        { rate: `${rate} (${standing})`, share, newestFirst: isNew },
        { ...all, isOwed: true },
      ];
    });

  return {
    toBegin: (call) => [
      ...(call.trial === undefined ? [] : [{ place: `trial ${call.trial}`, max: 1, until }]),
      ...ofEntry(call),
      ...sharedOf(call).flatMap((shared): readonly PlaceNeed[] => {
        const [place, max] = shared;
        return [
          ...(call.standing === "suspect" ? [part(`${place} (suspect)`, max, suspectShare)] : []),
          ...(isShort(call) ? (call.standing === "new" ? [asNew(shared)] : []) : [slow(shared)]),
          { place, max, until, newestFirst: true },
        ];
      }),
      ...inTime(call),
    ],
    toGoOn: (call) => ({
      from: call.standing === "new" ? sharedOf(call).map((shared) => asNew(shared).place) : [],
      to: sharedOf(call).map(slow),
    }),
  };
}

/** It begins as one that may be broken off. */
export function isShort({ standing, isSlow }: Pick<CallAsked, "standing" | "isSlow">): boolean {
  return standing !== "suspect" && !isSlow;
}
