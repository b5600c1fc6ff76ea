// Keys that wait for something, and run when it changes.

export interface Waits {
  /** A run of the key begins: what changes from now on it may have looked at before. It ends with `wait`. */
  begin(key: string): void;
  /**
   * What the key waits for after its run, in place of what it waited for before. It may well be nothing.
   * @returns whether some of it has changed during the run: then the key waits for nothing, and is to run again
   */
  wait(key: string, forWhat: readonly string[]): boolean;
  /** Keys that waited for it, and wait for nothing any more. */
  changed(what: string): Iterable<string>;
}

/** Keys that wait for nothing, as nearly all do, cost nothing. */
export function waits(): Waits {
  const waited = new Map<string, readonly string[]>();
  const waiting = new Map<string, Set<string>>();
  // How many changes there were when the run of a key began, and when something has changed last; the earliest first in both.
  const running = new Map<string, number>();
  const changes = new Map<string, number>();
  let count = 0;

  /** What changed before all runs that go on have begun concerns none of them. */
  const forgetChanges = (): void => {
    const [earliest = Infinity] = running.values();
    for (const [what, at] of changes) {
      if (at > earliest) break;
      changes.delete(what);
    }
  };
  const forget = (key: string): void => {
    for (const what of waited.get(key) ?? []) {
      const keys = waiting.get(what);
      keys?.delete(key);
      if (keys?.size === 0) waiting.delete(what);
    }
    waited.delete(key);
  };

  return {
    begin: (key) => void running.set(key, count),
    wait: (key, forWhat) => {
      forget(key);
      const began = running.get(key) ?? count;
      const isLate = forWhat.some((what) => (changes.get(what) ?? 0) > began);
      running.delete(key);
      forgetChanges();
      if (isLate || forWhat.length === 0) return isLate;
      waited.set(key, forWhat);
      for (const what of forWhat) waiting.set(what, (waiting.get(what) ?? new Set()).add(key));
      return false;
    },
    changed: (what) => {
      count += 1;
      // What changes again comes behind.
      changes.delete(what);
      if (running.size > 0) changes.set(what, count);
      const keys = [...(waiting.get(what) ?? [])];
      for (const key of keys) forget(key);
      return keys;
    },
  };
}
