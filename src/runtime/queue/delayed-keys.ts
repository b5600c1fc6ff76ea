// Delayed keys, ordered by the time when they are due.

/** A key that waits for its time. */
export interface Delayed {
  /** When it is due: elapsed milliseconds of the clock. */
  at: number;
  /** Where it is in the heap, kept by `delayedKeys`; `notDelayed` outside it. */
  position: number;
}

export const notDelayed = -1;

export interface DelayedKeys<T extends Delayed> {
  readonly size: number;
  /** The one that is due first. */
  first(): T | undefined;
  put(item: T): void;
  /**
   * Takes an item out, wherever it is. Without this, a key that an event brings forward again and again would leave a
   * stale copy each time.
   */
  remove(item: T): void;
}

/** A binary min-heap in which each item knows its place: everything but `first` is O(log n). */
export function delayedKeys<T extends Delayed>(): DelayedKeys<T> {
  const heap: T[] = [];

  const place = (item: T, position: number): void => {
    heap[position] = item;
    item.position = position;
  };

  const rise = (item: T, from: number): number => {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = heap[above];
      if (!parent || parent.at <= item.at) break;
      place(parent, position);
      position = above;
    }
    place(item, position);
    return position;
  };

  const sink = (item: T, from: number): void => {
    let position = from;
    for (;;) {
      let below = 2 * position + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child && right && right.at < child.at) {
        below += 1;
        child = right;
      }
      if (!child || child.at >= item.at) break;
      place(child, position);
      position = below;
    }
    place(item, position);
  };

  return {
    get size() {
      return heap.length;
    },
    first: () => heap[0],
    put: (item) => {
      rise(item, heap.length);
    },
    remove: (item) => {
      const position = item.position;
      const last = heap.pop();
      item.position = notDelayed;
      // The last one fills the gap, and may belong above or below it.
      if (last && last !== item && rise(last, position) === position) sink(last, position);
    },
  };
}
