// The watches of pull Secrets: one for each name in use, or for each name and namespace; which of them are refused.
import type { Clock, Random } from "../runtime/clock.ts";
import type { Watched } from "../runtime/client/list-watch.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import type { SecretRecord } from "./records.ts";
import { kinds } from "./kinds.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { multiReflector } from "../runtime/watch/multi-reflector.ts";
import type { ReflectorStatus } from "../runtime/watch/reflector.ts";
import { isDenied, type ReflectorEvent } from "../runtime/watch/reflector-event.ts";
import type { FedStore } from "../runtime/watch/store.ts";

export interface PullSecretWatchesOptions {
  readonly listWatch: (watched: Watched) => ListWatch;
  readonly store: FedStore<SecretRecord>;
  readonly transform: (raw: unknown) => SecretRecord | undefined;
  /** Empty: one watch per name sees all namespaces. Else there is one per name and namespace. */
  readonly namespaces: readonly string[];
  /** Names for which there is no right are not watched. */
  readonly mayBeWatched: (name: string) => boolean;
  readonly maxConfigBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Is told what happens to each watch, and whether that is a change, which is logged. */
  readonly tell: (what: string, event: ReflectorEvent, changed: boolean) => void;
  /** The keys of the name can be judged anew, those of one namespace where it is given. */
  readonly onChanged: (name: string, namespace?: string) => void;
  /** The API server refuses to show what it did not, or shows it again. That a name is known now is no such change. */
  readonly onRefusal: () => void;
}

export interface PullSecretWatches {
  /** Watches the Secrets of exactly these names from now on, as far as there are rights for them. */
  readonly watchNames: (names: ReadonlySet<string>) => void;
  /** All Secrets of the name that the operator is shown are in the store. */
  readonly synced: (name: string) => boolean;
  /** The same, or the operator is shown none: there is nothing to wait for. */
  readonly known: (name: string) => boolean;
  /** The API server refuses to show the Secrets of the name in this namespace. */
  readonly refused: (name: string, namespace: string) => boolean;
  /** It refuses to show those of some namespace, or of all that are watched. */
  readonly refusedSome: (name: string) => boolean;
  readonly refusedAll: (name: string) => boolean;
  /** Everything that is watched; see `Reflector`. */
  readonly readAgain: () => Promise<unknown>;
  /** By what is watched. */
  readonly status: () => ReadonlyMap<string, ReflectorStatus>;
  readonly stop: () => Promise<void>;
}

interface Subject {
  readonly name: string;
  readonly namespace: string | undefined;
}

export function pullSecretWatches(options: PullSecretWatchesOptions): PullSecretWatches {
  const { listWatch, store, transform, namespaces, mayBeWatched, maxConfigBytes, clock, random } = options;
  const { tell, onChanged, onRefusal } = options;
  const { resource, keeps } = kinds.pullSecrets;
  const shape = keeps({ maxConfigBytes, labels: () => [] });
  const places: readonly (string | undefined)[] = namespaces.length > 0 ? namespaces : [undefined];
  const subjects = new Map<string, Subject>();
  const listed = new Set<string>();
  const refused = new Set<string>();

  const subjectsOf = (name: string): readonly string[] => places.map((namespace) => textOf({ name, namespace }));
  const settled = (name: string): boolean => subjectsOf(name).every((text) => listed.has(text) || refused.has(text));
  const isRefused = (name: string, namespace: string | undefined): boolean => refused.has(textOf({ name, namespace }));

  const watches = multiReflector({
    listWatchFor: (text) => {
      const { name, namespace } = subjects.get(text) ?? { name: text, namespace: undefined };
      return listWatch({
        path: resourcePath({ ...resource, namespace }),
        query: { fieldSelector: `metadata.name=${name}` },
        keeps: () => shape,
      });
    },
    covers: (text) => {
      const everywhere = subjects.get(text)?.namespace === undefined;
      return (key) => (everywhere ? key.endsWith(`/${text}`) : key === text);
    },
    store,
    transform,
    clock,
    random,
    observe: (event, text) => {
      const subject = subjects.get(text);
      if (!subject) return;
      const { name, namespace } = subject;
      const before = { settled: settled(name), refused: refused.has(text) };
      if (event.kind === "listed") {
        listed.add(text);
        refused.delete(text);
      } else if (isDenied(event)) refused.add(text);
      tell(whatOf(text), event, !before.refused || !isDenied(event));
      const isRefusal = before.refused !== refused.has(text);
      if (!before.settled && settled(name)) onChanged(name);
      else if (before.settled && isRefusal) onChanged(name, namespace);
      if (isRefusal) onRefusal();
    },
  });

  return {
    watchNames: (names) => {
      const wanted = new Map(
        [...names]
          .filter(mayBeWatched)
          .flatMap((name) => places.map((namespace) => [textOf({ name, namespace }), { name, namespace }])),
      );
      for (const text of subjects.keys()) {
        if (wanted.has(text)) continue;
        subjects.delete(text);
        listed.delete(text);
        refused.delete(text);
      }
      for (const [text, subject] of wanted) subjects.set(text, subject);
      watches.ensure(new Set(wanted.keys()));
    },
    known: (name) => !mayBeWatched(name) || settled(name),
    synced: (name) => settled(name) && subjectsOf(name).some((text) => watches.syncedFor(text)),
    refused: (name, namespace) => isRefused(name, namespace) || isRefused(name, undefined),
    refusedSome: (name) => subjectsOf(name).some((text) => refused.has(text)),
    refusedAll: (name) => subjectsOf(name).every((text) => refused.has(text)),
    readAgain: () => watches.readAgain(),
    status: () => new Map([...watches.status()].map(([text, status]) => [whatOf(text), status])),
    stop: () => watches.stop(),
  };
}

const whatOf = (text: string): string => `secrets called ${text}`;

/** A Secret has no slash in its name. */
function textOf({ name, namespace }: Subject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
