// Which ready key runs next?

/** Highest first: somebody waits (a new namespace) > the usual > one of thousands (a rotation, a resync). */
export const lanes = ["interactive", "normal", "bulk"] as const;
export type Lane = (typeof lanes)[number];

/** A key that may run now. */
export interface Ready<T> {
  readonly lane: Lane;
  /** Fairness group, such as a credential's name. */
  readonly flow: string;
  /** The links of its list, kept by `readyKeys`. */
  previous: T | undefined;
  next: T | undefined;
}

export interface ReadyKeys<T extends Ready<T>> {
  readonly size: number;
  depth(lane: Lane): number;
  put(item: T): void;
  /** Takes out the item whose turn it is, as if the lane `without` were empty. */
  take(without?: Lane): T | undefined;
  /** Takes out any item; its lane and flow must be those it was put in with. */
  remove(item: T): void;
}

/**
 * Every this-many-th pick goes to the lane that has been passed over for longest, so that nothing starves: a stream of
 * new namespaces keeps 7/8 of the writes, and a rotation of 10,000 Secrets still gets at least 1/16, some minutes at
 * 500 writes a second, while the shortest tokens have half an hour left at refresh. Always taking the *lowest* lane
 * would starve the middle one.
 */
const agingEvery = 8;

interface List<T> {
  first: T | undefined;
  last: T | undefined;
}

interface Flow<T> extends List<T> {
  readonly name: string;
  previous: Flow<T> | undefined;
  next: Flow<T> | undefined;
}

interface LaneState<T> {
  depth: number;
  /** The number of the pick that served it last. */
  servedAt: number;
  /** The flows that have keys, the one whose turn it is first. */
  readonly turns: List<Flow<T>>;
  readonly flows: Map<string, Flow<T>>;
}

/** Lanes by rank, within a lane the flows in turn, within a flow first in, first out. Everything is O(1). */
export function readyKeys<T extends Ready<T>>(): ReadyKeys<T> {
  const states: Record<Lane, LaneState<T>> = { interactive: emptyLane(), normal: emptyLane(), bulk: emptyLane() };
  let size = 0;
  let picks = 0;

  const remove = (item: T): void => {
    const state = states[item.lane];
    const flow = state.flows.get(item.flow);
    if (!flow) return;
    unlink(flow, item);
    state.depth -= 1;
    size -= 1;
    if (flow.first) return;
    unlink(state.turns, flow);
    state.flows.delete(flow.name);
  };

  return {
    get size() {
      return size;
    },
    depth: (lane) => states[lane].depth,
    put: (item) => {
      const state = states[item.lane];
      let flow = state.flows.get(item.flow);
      if (!flow) {
        flow = { name: item.flow, first: undefined, last: undefined, previous: undefined, next: undefined };
        state.flows.set(item.flow, flow);
        append(state.turns, flow);
      }
      // A lane that was empty has not been passed over.
      if (state.depth === 0) state.servedAt = picks;
      append(flow, item);
      state.depth += 1;
      size += 1;
    },
    take: (without) => {
      const waiting = lanes.filter((lane) => lane !== without && states[lane].depth > 0).map((lane) => states[lane]);
      picks += 1;
      const state = picks % agingEvery === 0 ? longestPassedOver(waiting) : waiting[0];
      const flow = state?.turns.first;
      const item = flow?.first;
      if (!state || !flow || !item) return undefined;
      state.servedAt = picks;
      unlink(state.turns, flow);
      append(state.turns, flow);
      remove(item);
      return item;
    },
    remove,
  };
}

function emptyLane<T>(): LaneState<T> {
  return { depth: 0, servedAt: 0, turns: { first: undefined, last: undefined }, flows: new Map() };
}

/** Of equals the lower lane: it is the one that the other picks pass over. */
function longestPassedOver<T>(waiting: readonly LaneState<T>[]): LaneState<T> | undefined {
  return waiting.reduce<LaneState<T> | undefined>(
    (oldest, state) => (oldest && oldest.servedAt < state.servedAt ? oldest : state),
    undefined,
  );
}

// Lists are linked through their items: a key that changes lane leaves the middle of its flow without a search.

interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

function append<T extends Linked<T>>(list: List<T>, item: T): void {
  item.previous = list.last;
  item.next = undefined;
  if (list.last) list.last.next = item;
  else list.first = item;
  list.last = item;
}

function unlink<T extends Linked<T>>(list: List<T>, item: T): void {
  if (item.previous) item.previous.next = item.next;
  else list.first = item.next;
  if (item.next) item.next.previous = item.previous;
  else list.last = item.previous;
  item.previous = undefined;
  item.next = undefined;
}
