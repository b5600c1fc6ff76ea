// Turns of the lanes: the highest first, with a share for those that are passed over.

/** Highest first: somebody waits (a new namespace) > the usual > one of thousands (a rotation, a resync). */
export const lanes = ["interactive", "normal", "bulk"] as const;
export type Lane = (typeof lanes)[number];

export interface LaneTurns {
  /** Of these lanes, highest first, the one whose turn it is. */
  next(waiting: readonly Lane[]): Lane | undefined;
  served(lane: Lane): void;
  /** It was empty, so it has not been passed over. */
  began(lane: Lane): void;
}

/**
 * Every this-many-th pick goes to the lane that has been passed over for longest, so that nothing starves: a stream of
 * new namespaces keeps 7/8 of the writes, and a rotation of 10,000 Secrets still gets at least 1/16, some minutes at
 * 500 writes a second, while the shortest tokens have half an hour left at refresh. Always taking the *lowest* lane
 * would starve the middle one.
 */
const agingEvery = 8;

export function laneTurns(): LaneTurns {
  let picks = 0;
  /** The number of the pick that served it last. */
  const servedAt: Record<Lane, number> = { interactive: 0, normal: 0, bulk: 0 };

  /** Of equals the lower lane: it is the one that the other picks pass over. */
  const longestPassedOver = (waiting: readonly Lane[]): Lane | undefined =>
    waiting.reduce<Lane | undefined>(
      (oldest, lane) => (oldest !== undefined && servedAt[oldest] < servedAt[lane] ? oldest : lane),
      undefined,
    );

  return {
    next: (waiting) => ((picks + 1) % agingEvery === 0 ? longestPassedOver(waiting) : waiting[0]),
    served: (lane) => {
      picks += 1;
      servedAt[lane] = picks;
    },
    began: (lane) => {
      servedAt[lane] = picks;
    },
  };
}
