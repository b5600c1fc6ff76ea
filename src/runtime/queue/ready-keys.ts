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
  return new ReadyLines<T>(gate, onCall);
}

class ReadyLines<T extends Ready<T>> implements ReadyKeys<T> {
  readonly #gate;
  readonly #onCall;
  readonly #all = new Map<string, Line<T>>();
  readonly #bySubject = new Map<string, Set<Line<T>>>();
  readonly #open = listsByLane<T>();
  readonly #aside = new Map<string, Aside<T>>();
  readonly #turns = laneTurns();
  readonly #depth: Record<Lane, number> = { interactive: 0, normal: 0, bulk: 0 };

  constructor(gate: Gate, onCall: () => void) {
    this.#gate = gate;
    this.#onCall = onCall;
    gate.listen({
      room: this.#call,
      changed: (subject) => {
        for (const line of this.#bySubject.get(subject) ?? []) {
          if (line.lacks === undefined) continue;
          this.#stepBack(line);
          this.#enlist(line);
          onCall();
        }
      },
    });
  }

  readonly #lineFor = (name: LineName | undefined, lane: Lane): Line<T> => {
    const id = idOf(name, lane);
    const known = this.#all.get(id);
    if (known) return known;
    const subject = name?.subject;
    const line = { id, lane, subject, flows: flowsInTurn<T>(), isNew: true };
    const made: Line<T> = { ...line, lacks: undefined, calledFor: undefined, previous: undefined, next: undefined };
    this.#all.set(id, made);
    if (subject !== undefined) this.#bySubject.set(subject, (this.#bySubject.get(subject) ?? new Set()).add(made));
    this.#enlist(made);
    return made;
  };

  readonly #enlist = (line: Line<T>): void => {
    if (!this.#open[line.lane].first) this.#turns.began(line.lane);
    append(this.#open[line.lane], line);
  };

  readonly #stepAside = (line: Line<T>, lacks: string): void => {
    unlink(this.#open[line.lane], line);
    line.lacks = lacks;
    const place = this.#aside.get(lacks) ?? { turns: laneTurns(), lines: listsByLane<T>() };
    this.#aside.set(lacks, place);
    if (!place.lines[line.lane].first) place.turns.began(line.lane);
    if (line.isNew && this.#gate.isNewestFirst(lacks)) prepend(place.lines[line.lane], line);
    else append(place.lines[line.lane], line);
  };

  readonly #stepBack = (line: Line<T>): void => {
    const place = line.lacks === undefined ? undefined : this.#aside.get(line.lacks);
    if (!place || line.lacks === undefined) return;
    unlink(place.lines[line.lane], line);
    if (lanes.every((lane) => !place.lines[lane].first)) this.#aside.delete(line.lacks);
    line.lacks = undefined;
  };

  readonly #call = (lacked: string): void => {
    const place = this.#aside.get(lacked);
    const lane = place?.turns.next(lanes.filter((each) => place.lines[each].first));
    const line = lane && place?.lines[lane].first;
    if (!place || lane === undefined || !line) return;
    place.turns.served(lane);
    this.#stepBack(line);
    line.calledFor = lacked;
    this.#enlist(line);
    this.#onCall();
  };

  /** Who was called has answered: if there is still room, the next one is. */
  readonly #answered = (line: Line<T>): void => {
    const { calledFor } = line;
    line.calledFor = undefined;
    if (calledFor !== undefined && this.#gate.hasRoom(calledFor)) this.#call(calledFor);
  };

  /** The item is in its line no more. */
  readonly #left = (item: T, line: Line<T>): void => {
    item.line = undefined;
    this.#depth[line.lane] -= 1;
    if (line.flows.size > 0) return;
    if (line.lacks === undefined) unlink(this.#open[line.lane], line);
    else this.#stepBack(line);
    this.#all.delete(line.id);
    const others = line.subject === undefined ? undefined : this.#bySubject.get(line.subject);
    others?.delete(line);
    if (others?.size === 0 && line.subject !== undefined) this.#bySubject.delete(line.subject);
    this.#answered(line);
  };

  readonly remove = (item: T): void => {
    const { line } = item;
    if (!line) return;
    line.flows.remove(item);
    this.#left(item, line);
  };

  readonly put = (item: T): void => {
    const line = this.#lineFor(this.#gate.lineOf(item.key, item.lane), item.lane);
    line.flows.put(item);
    item.line = line;
    this.#depth[line.lane] += 1;
  };

  /** Whether it has changed lines. */
  readonly #review = (item: T): boolean => {
    if (item.line?.id === idOf(this.#gate.lineOf(item.key, item.lane), item.lane)) return false;
    this.remove(item);
    this.put(item);
    return true;
  };

  get size() {
    return lanes.reduce((sum, lane) => sum + this.#depth[lane], 0);
  }

  readonly depth: ReadyKeys<T>["depth"] = (lane) => this.#depth[lane];

  readonly take: ReadyKeys<T>["take"] = () => {
    for (;;) {
      const lane = this.#turns.next(lanes.filter((each) => this.#open[each].first));
      const line = lane && this.#open[lane].first;
      const item = line?.flows.first();
      if (lane === undefined || !line || !item) return undefined;
      if (this.#review(item)) continue;
      const lacks = this.#gate.enter(item.key);
      if (lacks !== undefined) {
        this.#stepAside(line, lacks);
        this.#answered(line);
        continue;
      }
      this.#turns.served(lane);
      line.isNew = false;
      unlink(this.#open[lane], line);
      append(this.#open[lane], line);
      line.flows.take();
      this.#left(item, line);
      this.#answered(line);
      return item;
    }
  };

  readonly review: ReadyKeys<T>["review"] = (item) => void this.#review(item);

  readonly aside: ReadyKeys<T>["aside"] = () =>
    new Map(
      [...this.#aside].map(([lacked, { lines }]) => [
        lacked,
        lanes.reduce((sum, lane) => sum + keysOf(lines[lane]), 0),
      ]),
    );
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
