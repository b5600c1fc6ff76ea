// The labels of Namespaces that are kept, and how a new one is known before anything is judged by it.

export interface AskedLabels {
  /** So far; a key leaves with the process. */
  readonly keys: () => ReadonlySet<string>;
  /**
   * Whoever watches the Namespaces says how to have them read.
   * @param readAgain with the labels of then; undefined where none has been read yet
   */
  readonly readBy: (readAgain: () => Promise<void> | undefined) => void;
  /**
   * Tells of each object, by the keys that it asks for, whether it has to wait for some that are not known yet. Until then what of it
   * came before stays in force, so nobody ever takes a label for absent that was merely not kept. It waits alone, however long
   * Namespaces cannot be read.
   * @param readAgain brings those that have waited: what they ask for is known now, or some of it
   */
  readonly waiting: (readAgain: () => void) => (asked: Iterable<string>) => boolean;
}

export function askedLabels(): AskedLabels {
  let keys: ReadonlySet<string> = new Set();
  let readNamespaces: () => Promise<void> | undefined = () => undefined;
  // Of keys that are asked for and not known yet.
  const readings = new Map<string, Promise<void>>();
  const ask = (asked: readonly string[]): void => {
    const added = asked.filter((key) => !keys.has(key));
    if (added.length === 0) return;
    keys = new Set([...keys, ...added]);
    const reading = readNamespaces();
    if (!reading) return;
    for (const key of added) readings.set(key, reading);
    void reading.then(() => {
      for (const key of added) readings.delete(key);
    });
  };
  return {
    keys: () => keys,
    readBy: (readAgain) => {
      readNamespaces = readAgain;
    },
    waiting: (readObjectsAgain) => {
      const awaited = new WeakSet<Promise<void>>();
      return (asks) => {
        const asked = [...asks];
        ask(asked);
        const pending = asked.flatMap((key) => readings.get(key) ?? []);
        for (const reading of pending) {
          if (awaited.has(reading)) continue;
          awaited.add(reading);
          void reading.then(readObjectsAgain);
        }
        return pending.length > 0;
      };
    },
  };
}
