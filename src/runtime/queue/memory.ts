// Memory of a controller: what it remembers of a key between its runs.

export interface Memory<V> {
  /** What is remembered of the key; what `make` gives where nothing is. */
  of(key: string, make: () => V): V;
  get(key: string): V | undefined;
  has(key: string): boolean;
  set(key: string, value: V): void;
  forget(key: string): void;
}

/** @param max of keys: the one that was noted first is forgotten, and who is noted again stays in its place. Default: each is kept until it is forgotten. */
export function memory<V>(max = Infinity): Memory<V> {
  // Not lru-cache, whose order is that of the last use: who comes back most often would never make room.
  const values = new Map<string, V>();
  const set = (key: string, value: V): void => {
    values.set(key, value);
    const [oldest] = values.size > max ? values.keys() : [];
    if (oldest !== undefined) values.delete(oldest);
  };
  return {
    of: (key, make) => {
      const known = values.get(key);
      if (known !== undefined) return known;
      const made = make();
      set(key, made);
      return made;
    },
    get: (key) => values.get(key),
    has: (key) => values.has(key),
    set,
    forget: (key) => void values.delete(key),
  };
}
