// Which labels of Namespaces are kept, and how does one that nobody asked for before get known before it is judged by?
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { endsInitialEvents } from "../runtime/watch/reflector-state.ts";

export interface AskedLabels {
  /** So far; a key leaves with the process. */
  readonly keys: () => ReadonlySet<string>;
  /**
   * The same objects, but each comes only when what it asks for is known: until then all that came before stays in force, so
   * nobody ever takes a label for absent that was merely not kept. What others bring about meanwhile is not held up, however long
   * Namespaces cannot be read; only a full list waits, because it is whole.
   * @param askedBy keys that an object asks for
   * @param listAgain brings what a watch has passed over: it is known now
   */
  readonly before: (
    source: ListWatch,
    askedBy: (object: unknown) => Iterable<string>,
    listAgain: () => void,
  ) => ListWatch;
}

export interface AskedLabelsOptions {
  /** Has all Namespaces read again, with the labels of now; undefined where none has been read yet. */
  readonly readAgain: () => Promise<void> | undefined;
}

export function askedLabels({ readAgain }: AskedLabelsOptions): AskedLabels {
  let keys: ReadonlySet<string> = new Set();
  // Of keys that are asked for and not known yet.
  const readings = new Map<string, Promise<void>>();
  /** What to wait for, if anything, before what asks for these is taken in. */
  const ask = (asked: readonly string[]): Promise<unknown> | undefined => {
    const added = asked.filter((key) => !keys.has(key));
    if (added.length > 0) {
      keys = new Set([...keys, ...added]);
      const reading = readAgain();
      if (reading) for (const key of added) readings.set(key, reading);
      void reading?.then(() => {
        for (const key of added) readings.delete(key);
      });
    }
    const pending = asked.flatMap((key) => readings.get(key) ?? []);
    return pending.length > 0 ? Promise.all(pending) : undefined;
  };
  return {
    keys: () => keys,
    before: (source, askedBy, listAgain) => {
      const passedOver = new Set<Promise<unknown>>();
      const passOver = (known: Promise<unknown>): void => {
        if (passedOver.has(known)) return;
        passedOver.add(known);
        void known.then(() => {
          passedOver.delete(known);
          if (passedOver.size === 0) listAgain();
        });
      };
      return {
        list: async (query, onItem, signal) => {
          const objects: unknown[] = [];
          const end = await source.list(query, (object) => objects.push(object), signal);
          await unlessAborted(ask(objects.flatMap((object) => [...askedBy(object)])), signal);
          for (const object of objects) onItem(object);
          return end;
        },
        watch: async function* (query, signal) {
          let isList = query.sendInitialEvents === true;
          for await (const event of source.watch(query, signal)) {
            const known = event.type === "DELETED" ? undefined : ask([...askedBy(event.object)]);
            if (isList) await unlessAborted(known, signal);
            else if (known) {
              passOver(known);
              continue;
            }
            isList &&= !endsInitialEvents(event.object);
            yield event;
          }
        },
      };
    },
  };
}

/** Rejects with the signal's reason, however long the promise pends. */
async function unlessAborted(promise: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
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
