// Reflectors for several names, each with a watch of its own, into one store.
import type { StoredObject } from "./object-meta.ts";
import type { ListWatch } from "./list-watch.ts";
import { reflector } from "./reflector.ts";
import type { ReflectorEvent } from "./reflector-event.ts";
import type { Reflector, ReflectorOptions, ReflectorStatus } from "./reflector.ts";

export interface MultiReflectorOptions<R extends StoredObject> extends Omit<
  ReflectorOptions<R>,
  "listWatch" | "covers" | "observe"
> {
  /** All namespaces' objects of that name (field selector `metadata.name`): RBAC can be limited to such names. */
  readonly listWatchFor: (name: string) => ListWatch;
  /** Which keys of the store a name answers for. Default: those that end in it. */
  readonly covers?: (name: string) => (key: string) => boolean;
  readonly observe?: (event: ReflectorEvent, name: string) => void;
}

export interface MultiReflector {
  /**
   * Watches exactly these names from now on. The records of a name that is not among them any more leave the store;
   * no change is reported, because nothing is known of them any more.
   */
  ensure(names: ReadonlySet<string>): void;
  /** The name is watched, and all that bears it is in the store. */
  syncedFor(name: string): boolean;
  /** All that is watched now; see `Reflector`. */
  readAgain(): Promise<unknown>;
  status(): ReadonlyMap<string, ReflectorStatus>;
  /** Resolves when every request is closed. */
  stop(): Promise<void>;
}

// A page of the largest Secrets that an API server takes, 1 MiB each, comes within the time for a list.
const pageOfLargeObjects = 20;

/** `store.synced` is true while each ensured name is; before the first `ensure` it is false. */
export function multiReflector<R extends StoredObject>(options: MultiReflectorOptions<R>): MultiReflector {
  const { listWatchFor, observe, store, pageLimit = pageOfLargeObjects } = options;
  const { covers = (name: string) => (key: string) => key.endsWith(`/${name}`) } = options;
  const watched = new Map<string, Reflector>();
  const closing = new Set<Promise<void>>();
  // Covers nothing; complete once the names are known, so that the store is not synced before, but is without any name.
  const names = store.feed(() => false);

  const begin = (name: string): void => {
    const created = reflector({
      ...options,
      listWatch: listWatchFor(name),
      covers: covers(name),
      pageLimit,
      observe: (event) => observe?.(event, name),
    });
    watched.set(name, created);
    created.start();
  };
  const end = (name: string, ended: Reflector): void => {
    watched.delete(name);
    const closed = ended.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };

  return {
    ensure: (wanted) => {
      for (const [name, existing] of watched) if (!wanted.has(name)) end(name, existing);
      for (const name of wanted) if (!watched.has(name)) begin(name);
      names.completed("0");
    },
    syncedFor: (name) => watched.get(name)?.hasSynced() ?? false,
    readAgain: () => Promise.all([...watched.values()].map((existing) => existing.readAgain())),
    status: () => new Map([...watched].map(([name, existing]) => [name, existing.status()])),
    stop: async () => {
      await Promise.all([...[...watched.values()].map((existing) => existing.stop()), ...closing]);
    },
  };
}
