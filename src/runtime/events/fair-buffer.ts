// A bounded buffer that gives each owner its turn, and drops the oldest of whoever has most.

export interface FairBuffer<T> {
  readonly size: number;
  /** Returns what had to go for it: the oldest of the owner that has most. */
  put(owner: string, item: T): T | undefined;
  /** The oldest of the owner whose turn it is. */
  take(): T | undefined;
  clear(): void;
}

/** @param max kept in all, at least 1 */
export function fairBuffer<T>(max: number): FairBuffer<T> {
  // In the order of their turns; none is empty.
  const byOwner = new Map<string, T[]>();
  let size = 0;

  const takeFrom = (owner: string, items: T[]): T | undefined => {
    const item = items.shift();
    size -= 1;
    if (items.length === 0) byOwner.delete(owner);
    return item;
  };

  return {
    get size() {
      return size;
    },
    put: (owner, item) => {
      const items = byOwner.get(owner) ?? [];
      items.push(item);
      byOwner.set(owner, items);
      size += 1;
      if (size <= max) return undefined;
      const [greedy, its] = [...byOwner].reduce((longest, each) =>
        each[1].length > longest[1].length ? each : longest,
      );
      return takeFrom(greedy, its);
    },
    take: () => {
      const [first] = byOwner;
      if (!first) return undefined;
      const [owner, items] = first;
      byOwner.delete(owner);
      byOwner.set(owner, items);
      return takeFrom(owner, items);
    },
    clear: () => {
      byOwner.clear();
      size = 0;
    },
  };
}
