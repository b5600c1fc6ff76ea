// Ready keys: which one runs next, by lane and owner.
import { type Flowing, type Flows, flowsInTurn } from "./flows.ts";
import type { Gate, LineName } from "./gate.ts";
import { type Lane, lanes, type LaneTurns, laneTurns } from "./lane-turns.ts";
import { append, emptyList, type Linked, type List, prepend, unlink } from "./linked-list.ts";

/** Keys of one lane that need the same. It is open until the gate says what it lacks, and then stands aside. */
export interface Line<T> extends Linked<Line<T>> {
  readonly id: string;
  readonly lane: Lane;
  readonly subject: string | undefined;
  readonly flows: Flows<T>;
  /** None of its keys has had a turn. */
  isNew: boolean;
  /** Undefined: it is open. */
  lacks: string | undefined;
  /** What it lacked, if it is open because there is room for one that lacked that. */
  calledFor: string | undefined;
}

/** A key that may run as soon as the gate lets it. */
export interface Ready<T> extends Flowing<T> {
  readonly key: string;
  readonly lane: Lane;
  /** Kept by `readyKeys`. */
  line: Line<T> | undefined;
}

export interface ReadyKeys<T> {
  readonly size: number;
  depth(lane: Lane): number;
  put(item: T): void;
  /** Takes out the item whose turn it is, of those that the gate lets in. */
  take(): T | undefined;
  /** Takes out any item; its lane and flow must be those it was put in with. */
  remove(item: T): void;
  /** The key may need something else than when it was put in. */
  review(item: T): void;
  /** How many keys stand aside, by what they lack. */
  aside(): ReadonlyMap<string, number>;
}

interface Aside<T> {
  readonly turns: LaneTurns;
  readonly lines: Record<Lane, List<Line<T>>>;
}

/**
 * Lanes by rank, within a lane the lines in turn, within a line the flows in turn. A line that lacks something is not looked
 * at again before there is room for it, and one at a time is called; so what an event costs does not grow with the keys that
 * wait, nor with the lines.
 * @param onCall a line that stood aside is open again
 */
export function readyKeys<T extends Ready<T>>(
  gate: Gate = ungated,
  onCall: () => void = () => undefined,
): ReadyKeys<T> {
  const all = new Map<string, Line<T>>();
  const bySubject = new Map<string, Set<Line<T>>>();
  const open = listsByLane<T>();
  const aside = new Map<string, Aside<T>>();
  const turns = laneTurns();
  const depth: Record<Lane, number> = { interactive: 0, normal: 0, bulk: 0 };

  const lineFor = (name: LineName | undefined, lane: Lane): Line<T> => {
    const id = idOf(name, lane);
    const known = all.get(id);
    if (known) return known;
    const subject = name?.subject;
    const line = { id, lane, subject, flows: flowsInTurn<T>(), isNew: true };
    const made: Line<T> = { ...line, lacks: undefined, calledFor: undefined, previous: undefined, next: undefined };
    all.set(id, made);
    if (subject !== undefined) bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(made));
    enlist(made);
    return made;
  };

  const enlist = (line: Line<T>): void => {
    if (!open[line.lane].first) turns.began(line.lane);
    append(open[line.lane], line);
  };

  const stepAside = (line: Line<T>, lacks: string): void => {
    unlink(open[line.lane], line);
    line.lacks = lacks;
    const place = aside.get(lacks) ?? { turns: laneTurns(), lines: listsByLane<T>() };
    aside.set(lacks, place);
    if (!place.lines[line.lane].first) place.turns.began(line.lane);
    if (line.isNew && gate.isNewestFirst(lacks)) prepend(place.lines[line.lane], line);
    else append(place.lines[line.lane], line);
  };

  const stepBack = (line: Line<T>): void => {
    const place = line.lacks === undefined ? undefined : aside.get(line.lacks);
    if (!place || line.lacks === undefined) return;
    unlink(place.lines[line.lane], line);
    if (lanes.every((lane) => !place.lines[lane].first)) aside.delete(line.lacks);
    line.lacks = undefined;
  };

  const call = (lacked: string): void => {
    const place = aside.get(lacked);
    const lane = place?.turns.next(lanes.filter((each) => place.lines[each].first));
    const line = lane && place?.lines[lane].first;
    if (!place || lane === undefined || !line) return;
    place.turns.served(lane);
    stepBack(line);
    line.calledFor = lacked;
    enlist(line);
    onCall();
  };

  /** Who was called has answered: if there is still room, the next one is. */
  const answered = (line: Line<T>): void => {
    const { calledFor } = line;
    line.calledFor = undefined;
    if (calledFor !== undefined && gate.hasRoom(calledFor)) call(calledFor);
  };

  /** The item is in its line no more. */
  const left = (item: T, line: Line<T>): void => {
    item.line = undefined;
    depth[line.lane] -= 1;
    if (line.flows.size > 0) return;
    if (line.lacks === undefined) unlink(open[line.lane], line);
    else stepBack(line);
    all.delete(line.id);
    const others = line.subject === undefined ? undefined : bySubject.get(line.subject);
    others?.delete(line);
    if (others?.size === 0 && line.subject !== undefined) bySubject.delete(line.subject);
    answered(line);
  };

  const remove = (item: T): void => {
    const { line } = item;
    if (!line) return;
    line.flows.remove(item);
    left(item, line);
  };

  const put = (item: T): void => {
    const line = lineFor(gate.lineOf(item.key, item.lane), item.lane);
    line.flows.put(item);
    item.line = line;
    depth[line.lane] += 1;
  };

  /** Whether it has changed lines. */
  const review = (item: T): boolean => {
    if (item.line?.id === idOf(gate.lineOf(item.key, item.lane), item.lane)) return false;
    remove(item);
    put(item);
    return true;
  };

  gate.listen({
    room: call,
    news: (subject) => {
      for (const line of bySubject.get(subject) ?? []) {
        if (line.lacks === undefined) continue;
        stepBack(line);
        enlist(line);
        onCall();
      }
    },
  });

  return {
    get size() {
      return lanes.reduce((sum, lane) => sum + depth[lane], 0);
    },
    depth: (lane) => depth[lane],
    put,
    take: () => {
      for (;;) {
        const lane = turns.next(lanes.filter((each) => open[each].first));
        const line = lane && open[lane].first;
        const item = line?.flows.first();
        if (lane === undefined || !line || !item) return undefined;
        if (review(item)) continue;
        const lacks = gate.enter(item.key);
        if (lacks !== undefined) {
          stepAside(line, lacks);
          answered(line);
          continue;
        }
        turns.served(lane);
        line.isNew = false;
        unlink(open[lane], line);
        append(open[lane], line);
        line.flows.take();
        left(item, line);
        answered(line);
        return item;
      }
    },
    remove,
    review: (item) => void review(item),
    aside: () =>
      new Map(
        [...aside].map(([lacked, { lines }]) => [lacked, lanes.reduce((sum, lane) => sum + keysOf(lines[lane]), 0)]),
      ),
  };
}

const ungated: Gate = {
  lineOf: () => undefined,
  enter: () => undefined,
  hasRoom: () => true,
  isNewestFirst: () => false,
  leave: () => undefined,
  listen: () => undefined,
};

function idOf(name: LineName | undefined, lane: Lane): string {
  return name === undefined ? lane : `${lane} ${name.name}`;
}

function listsByLane<T>(): Record<Lane, List<Line<T>>> {
  return { interactive: emptyList(), normal: emptyList(), bulk: emptyList() };
}

function keysOf<T>({ first }: List<Line<T>>): number {
  let keys = 0;
  for (let line = first; line; line = line.next) keys += line.flows.size;
  return keys;
}
