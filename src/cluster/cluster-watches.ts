// The watches that fill the stores, as kinds.ts has them, and those of pull Secrets by name.
import type { Clock, Random } from "../runtime/clock.ts";
import type { ClusterStores, FedStores } from "./cluster-stores.ts";
import type { Watched } from "../runtime/client/list-watch.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import { type Install, nameNotPermitted } from "./install-mode.ts";
import {
  type Kind,
  kindNames,
  kinds,
  type KindName,
  type KindWatch,
  type RecordOf,
  serviceAccountsOf,
} from "./kinds.ts";
import type { Log } from "../runtime/observability/log.ts";
import { type PullSecretWatches, pullSecretWatches } from "./pull-secret-watches.ts";
import { logWatch } from "../runtime/observability/log-watch.ts";
import type { StoredObject } from "../runtime/watch/object-meta.ts";
import type { FedStore } from "../runtime/watch/store.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { type Reflector, reflector, type ReflectorStatus } from "../runtime/watch/reflector.ts";
import { isRefusal, type ReflectorEvent } from "../runtime/watch/reflector-event.ts";
import type { AskedLabels } from "./watched-labels.ts";

export interface ClusterWatchesOptions {
  readonly listWatch: (watched: Watched) => ListWatch;
  readonly stores: FedStores;
  readonly transforms: ClusterStores["transforms"];
  readonly labels: AskedLabels;
  readonly settings: Install & { readonly maxConfigBytes: number };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Is told what happens to each watch. */
  readonly observe: (watch: string, event: ReflectorEvent) => void;
  /** Pull Secrets of the name can be judged anew, those of one namespace where it is given. */
  readonly onSecretsNews: (name: string, namespace?: string) => void;
  /** The API server refuses another watch, or does so no longer; or it has shown what was not known yet. */
  readonly onPermissions: () => void;
}

export interface ClusterWatches {
  /** Resolves when every store but that of the pull Secrets is full, as far as the operator may see. */
  readonly start: () => Promise<void>;
  readonly pullSecrets: Omit<PullSecretWatches, "status" | "stop" | "readAgain">;
  /** With the labels that are asked for now; undefined where they have not been read at all. */
  readonly readNamespacesAgain: () => Promise<void> | undefined;
  /** Everything that is watched; see `Reflector`. */
  readonly readAllAgain: () => Promise<unknown>;
  /** The API server refuses to show the ServiceAccounts of this namespace. */
  readonly serviceAccountsRefused: (namespace: string) => boolean;
  /** What else it refuses to show. */
  readonly refusedElsewhere: () => readonly string[];
  /** By what is watched. */
  readonly status: () => ReadonlyMap<string, ReflectorStatus>;
  readonly stop: () => Promise<void>;
}

export function clusterWatches(options: ClusterWatchesOptions): ClusterWatches {
  const { listWatch, stores, transforms, labels, settings, clock, random, log, observe, onSecretsNews, onPermissions } =
    options;
  const watched = new Map<string, Reflector>();
  const begun: Promise<void>[] = [];
  const refused = new Set<string>();
  const elsewhere = new Set<string>();
  /** What is refused is asked for again and again, and told once. */
  const tell = (what: string, event: ReflectorEvent, isNews: boolean): void => {
    if (isNews) logWatch(log, what, event);
    observe(what, event);
  };
  const watch = <R extends StoredObject>(
    { resource, keeps, metadataOnly, mayBeRefused }: Kind<R>,
    { what, namespace, name, query, toldElsewhere, labels: asked }: KindWatch<R>,
    into: FedStore<R>,
    transform: (raw: unknown) => R | undefined,
  ): Reflector => {
    if (toldElsewhere) elsewhere.add(what);
    const firstRefusal = Promise.withResolvers<void>();
    const waits = asked && labels.waiting(() => void created.readAgain());
    const created = reflector({
      listWatch: listWatch({
        path: resourcePath({ ...resource, namespace }),
        query: { ...query, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) },
        metadataOnly: metadataOnly === true,
        keeps: () => keeps({ maxConfigBytes: settings.maxConfigBytes, labels: labels.keys }),
      }),
      store: into,
      transform,
      clock,
      random,
      heldBack: waits && asked && ((record) => waits(asked(record))),
      observe: (event) => {
        const before = refused.has(what);
        if (event.kind === "listed") refused.delete(what);
        else if (isRefusal(event)) refused.add(what);
        tell(what, event, !before || !isRefusal(event));
        if (mayBeRefused && refused.has(what)) firstRefusal.resolve();
        if (before !== refused.has(what)) onPermissions();
      },
      ...(namespace !== undefined && { covers: (key: string) => key.startsWith(`${namespace}/`) }),
    });
    watched.set(what, created);
    begun.push(Promise.race([created.synced, firstRefusal.promise]));
    return created;
  };
  const watchKind = <K extends KindName>(name: K): readonly Reflector[] => {
    const kind = kinds[name] as unknown as Kind<RecordOf<K>>;
    const transform = transforms[kinds[name].one] as (raw: unknown) => RecordOf<K> | undefined;
    return kind.watches(settings).map((each) => watch(kind, each, stores[name], transform));
  };
  const reflectors = new Map(kindNames.map((name) => [name, watchKind(name)] as const));
  const namespaces = reflectors.get("namespaces") ?? [];
  let namespacesBegun = false;

  const pullSecrets = pullSecretWatches({
    listWatch,
    store: stores.pullSecrets,
    transform: transforms.secret,
    namespaces: settings.mode.watchNamespaces,
    mayBeWatched: (name) => nameNotPermitted(settings.mode, name) === undefined,
    maxConfigBytes: settings.maxConfigBytes,
    clock,
    random,
    tell,
    onNews: (name, namespace) => {
      onSecretsNews(name, namespace);
      onPermissions();
    },
  });

  return {
    start: async () => {
      // Which labels of the Namespaces are worth keeping is known from the RegistryCredentials, and from tokens: whether a
      // former entry would render one still is told by the labels that it was rendered with. None of these is to wait.
      const asking = kindNames.filter((name) => kinds[name].namesLabels).flatMap((name) => reflectors.get(name) ?? []);
      for (const each of watched.values()) if (!namespaces.includes(each)) each.start();
      await Promise.all(asking.map((each) => each.synced));
      namespacesBegun = true;
      for (const each of namespaces) each.start();
      await Promise.all(begun);
    },
    pullSecrets,
    readNamespacesAgain: () =>
      namespacesBegun ? Promise.all(namespaces.map((each) => each.readAgain())).then(() => undefined) : undefined,
    readAllAgain: () =>
      Promise.all([...[...watched.values()].map((each) => each.readAgain()), pullSecrets.readAgain()]),
    serviceAccountsRefused: (namespace) =>
      refused.has(kinds.serviceAccounts.resource.resource) || refused.has(serviceAccountsOf(namespace)),
    refusedElsewhere: () => [...refused].filter((what) => !elsewhere.has(what)),
    status: () =>
      new Map([...[...watched].map(([what, each]) => [what, each.status()] as const), ...pullSecrets.status()]),
    stop: async () => {
      await Promise.all([...[...watched.values()].map((each) => each.stop()), pullSecrets.stop()]);
    },
  };
}
