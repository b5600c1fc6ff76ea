// A heap: of many things in an order, those that come first.

/** A thing that a heap has, or may have. */
export interface Placed {
  /** Where it is in the heap, kept by that; `notPlaced` outside it. */
  position: number;
}

export const notPlaced = -1;

export interface Heap<T extends Placed> {
  readonly size: number;
  first(): T | undefined;
  /** As many as there are of so many, in order. */
  firstOnes(count: number): readonly T[];
  put(item: T): void;
  /**
   * Takes an item out, wherever it is. Without this, one that is put in again and again would leave a stale copy each time.
   */
  remove(item: T): void;
}

/** A binary heap in which each item knows its place: everything but `first` is O(log n). */
export function heap<T extends Placed>(isBefore: (one: T, other: T) => boolean): Heap<T> {
  const items: T[] = [];

  const place = (item: T, position: number): void => {
    items[position] = item;
    item.position = position;
  };

  const rise = (item: T, from: number): number => {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = items[above];
      if (!parent || !isBefore(item, parent)) break;
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
      let child = items[below];
      const right = items[below + 1];
      if (child && right && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (!child || !isBefore(child, item)) break;
      place(child, position);
      position = below;
    }
    place(item, position);
  };

  return {
    get size() {
      return items.length;
    },
    first: () => items[0],
    firstOnes: (count) => {
      const found: T[] = [];
      // Whoever comes next is the first of these, or below one that was found.
      const next = items.slice(0, 1);
      while (found.length < count && next.length > 0) {
        const first = next.reduce((one, other) => (isBefore(other, one) ? other : one));
        found.push(first);
        const below = items.slice(2 * first.position + 1, 2 * first.position + 3);
        next.splice(next.indexOf(first), 1, ...below);
      }
      return found;
    },
    put: (item) => {
      rise(item, items.length);
    },
    remove: (item) => {
      const { position } = item;
      const last = items.pop();
      item.position = notPlaced;
      // The last one fills the gap, and may belong above or below it.
      if (last && last !== item && rise(last, position) === position) sink(last, position);
    },
  };
}
