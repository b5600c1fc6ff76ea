// Who is called back when somebody answers again?

export interface CalledBack {
  /** The key was turned away because nobody of this name answers. A key waits for one name at a time. */
  add(name: string, key: string): void;
  /** The keys that wait for the name, which wait no more. */
  take(name: string): Iterable<string>;
  /** The key is asked for no more. */
  forget(key: string): void;
  /** Keys that wait, for whatever name. */
  readonly size: number;
}

/** @param max keys of one name; what is beyond comes back by itself */
export function calledBack(max: number): CalledBack {
  const keys = new Map<string, Set<string>>();
  const names = new Map<string, string>();

  const forget = (key: string): void => {
    const name = names.get(key);
    if (name === undefined) return;
    names.delete(key);
    const waiting = keys.get(name);
    waiting?.delete(key);
    if (waiting?.size === 0) keys.delete(name);
  };

  return {
    add: (name, key) => {
      if (names.get(key) === name) return;
      forget(key);
      const waiting = keys.get(name) ?? new Set();
      if (waiting.size >= max) return;
      keys.set(name, waiting.add(key));
      names.set(key, name);
    },
    take: (name) => {
      const waiting = keys.get(name) ?? [];
      keys.delete(name);
      for (const key of waiting) names.delete(key);
      return waiting;
    },
    forget,
    get size() {
      return names.size;
    },
  };
}
