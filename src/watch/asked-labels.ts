// Which labels of Namespaces are kept, and how does one that nobody asked for before get known before it is judged by?
import type { ListWatch } from "./list-watch.ts";

export interface AskedLabels {
  /** So far; a key leaves with the process. */
  readonly keys: () => ReadonlySet<string>;
  /**
   * The same objects, but each comes only when what it asks for is known: until then all that came before stays in force, so
   * nobody ever takes a label for absent that was merely not kept.
   */
  readonly before: (source: ListWatch) => ListWatch;
}

export interface AskedLabelsOptions {
  /** Keys that an object asks for. */
  readonly askedBy: (object: unknown) => Iterable<string>;
  /** Has all Namespaces read again, with the labels of now; undefined where none has been read yet. */
  readonly readAgain: () => Promise<void> | undefined;
}

export function askedLabels({ askedBy, readAgain }: AskedLabelsOptions): AskedLabels {
  let keys: ReadonlySet<string> = new Set();
  let known: Promise<void> | undefined;
  /** What to wait for, if anything, before these are taken in. */
  const ask = (objects: readonly unknown[]): Promise<void> | undefined => {
    const asked = new Set([...keys, ...objects.flatMap((object) => [...askedBy(object)])]);
    if (asked.size === keys.size) return known;
    keys = asked;
    const reading = readAgain();
    known = reading;
    void reading?.then(() => {
      if (known === reading) known = undefined;
    });
    return reading;
  };
  return {
    keys: () => keys,
    before: (source) => ({
      list: async (query, onItem, signal) => {
        const objects: unknown[] = [];
        const end = await source.list(query, (object) => objects.push(object), signal);
        await unlessAborted(ask(objects), signal);
        for (const object of objects) onItem(object);
        return end;
      },
      watch: async function* (query, signal) {
        for await (const event of source.watch(query, signal)) {
          await unlessAborted(ask([event.object]), signal);
          yield event;
        }
      },
    }),
  };
}

/** Rejects with the signal's reason, however long the promise pends. */
async function unlessAborted(promise: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (!promise) return;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
