// Keys that wait for something, and run when it changes.

export interface Waits {
  /** What the key waits for after its run, in place of what it waited for before. It may well be nothing. */
  wait(key: string, forWhat: readonly string[]): void;
  /** Keys that waited for it, and wait for nothing any more. */
  changed(what: string): Iterable<string>;
}

/** Keys that wait for nothing, as nearly all do, cost nothing. */
export function waits(): Waits {
  const waited = new Map<string, readonly string[]>();
  const waiting = new Map<string, Set<string>>();

  const forget = (key: string): void => {
    for (const what of waited.get(key) ?? []) {
      const keys = waiting.get(what);
      keys?.delete(key);
      if (keys?.size === 0) waiting.delete(what);
    }
    waited.delete(key);
  };

  return {
    wait: (key, forWhat) => {
      forget(key);
      if (forWhat.length === 0) return;
      waited.set(key, forWhat);
      for (const what of forWhat) waiting.set(what, (waiting.get(what) ?? new Set()).add(key));
    },
    changed: (what) => {
      const keys = [...(waiting.get(what) ?? [])];
      for (const key of keys) forget(key);
      return keys;
    },
  };
}
