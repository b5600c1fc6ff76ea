// Round robin of the owners within a lane.
import { append, emptyList, type Linked, type List, unlink } from "./linked-list.ts";

/** A key of a flow. */
export interface Flowing<T> extends Linked<T> {
  /** Fairness group, such as a credential's name. */
  readonly flow: string;
}

export interface Flows<T> {
  readonly size: number;
  /** The item whose turn it is. */
  first(): T | undefined;
  put(item: T): void;
  /** Takes out the first one; the next turn is another flow's. */
  take(): T | undefined;
  /** Takes out any item; its flow must be the one that it was put in with. */
  remove(item: T): void;
}

interface Flow<T> extends List<T>, Linked<Flow<T>> {
  readonly name: string;
}

/** The flows in turn, within a flow first in, first out. Everything is O(1). */
export function flowsInTurn<T extends Flowing<T>>(): Flows<T> {
  /** Those that have items, the one whose turn it is first. */
  const turns = emptyList<Flow<T>>();
  const flows = new Map<string, Flow<T>>();
  let size = 0;

  const remove = (item: T): void => {
    const flow = flows.get(item.flow);
    if (!flow) return;
    unlink(flow, item);
    size -= 1;
    if (flow.first) return;
    unlink(turns, flow);
    flows.delete(flow.name);
  };

  return {
    get size() {
      return size;
    },
    first: () => turns.first?.first,
    put: (item) => {
      let flow = flows.get(item.flow);
      if (!flow) {
        flow = { name: item.flow, ...emptyList<T>(), previous: undefined, next: undefined };
        flows.set(item.flow, flow);
        append(turns, flow);
      }
      append(flow, item);
      size += 1;
    },
    take: () => {
      const flow = turns.first;
      const item = flow?.first;
      if (!flow || !item) return undefined;
      unlink(turns, flow);
      append(turns, flow);
      remove(item);
      return item;
    },
    remove,
  };
}
