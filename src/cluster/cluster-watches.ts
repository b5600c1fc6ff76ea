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
import { isDenied, type ReflectorEvent } from "../runtime/watch/reflector-event.ts";
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
  readonly onSecretsChanged: (name: string, namespace?: string) => void;
  /** The API server refuses another watch, or does so no longer; or it has shown what was not known yet. */
  readonly onPermissions: () => void;
}

export interface ClusterWatches {
  /** Resolves when every store but that of the pull Secrets is full, as far as the operator may see. */
  readonly start: () => Promise<void>;
  readonly pullSecrets: Omit<PullSecretWatches, "status" | "stop" | "readAgain">;
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
  const { labels } = options;
  const denials = refusedWatches(options);
  const byKind = new Map(kindNames.map((name) => [name, watchKind(options, denials, name)] as const));
  const all = [...byKind.values()].flat();
  const elsewhere = new Set(all.filter(({ reportedElsewhere }) => reportedElsewhere).map(({ what }) => what));
  const namespaces = byKind.get("namespaces") ?? [];
  let namespacesBegun = false;
  labels.readBy(() =>
    namespacesBegun
      ? Promise.all(namespaces.map((each) => each.reflector.readAgain())).then(() => undefined)
      : undefined,
  );
  const pullSecrets = watchPullSecrets(options, denials);

  return {
    start: async () => {
      // Which labels of the Namespaces are worth keeping is known from the RegistryCredentials, and from tokens: whether a
      // former entry would render one still is told by the labels that it was rendered with. None of these is to wait.
      const asking = kindNames.filter((name) => kinds[name].namesLabels).flatMap((name) => byKind.get(name) ?? []);
      for (const each of all) if (!namespaces.includes(each)) each.reflector.start();
      await Promise.all(asking.map((each) => each.reflector.synced));
      namespacesBegun = true;
      for (const each of namespaces) each.reflector.start();
      await Promise.all(all.map((each) => each.begun));
    },
    pullSecrets,
    readAllAgain: () => Promise.all([...all.map((each) => each.reflector.readAgain()), pullSecrets.readAgain()]),
    serviceAccountsRefused: (namespace) =>
      denials.has(kinds.serviceAccounts.resource.resource) || denials.has(serviceAccountsOf(namespace)),
    refusedElsewhere: () => denials.all().filter((what) => !elsewhere.has(what)),
    status: () =>
      new Map([...all.map(({ what, reflector: each }) => [what, each.status()] as const), ...pullSecrets.status()]),
    stop: async () => {
      await Promise.all([...all.map((each) => each.reflector.stop()), pullSecrets.stop()]);
    },
  };
}

/** Which watches the API server refuses. What is refused is asked for again and again, and told once. */
interface RefusedWatches {
  readonly has: (what: string) => boolean;
  readonly all: () => readonly string[];
  readonly observe: (what: string, event: ReflectorEvent) => void;
  readonly tell: (what: string, event: ReflectorEvent, changed: boolean) => void;
}

function refusedWatches({
  log,
  observe,
  onPermissions,
}: Pick<ClusterWatchesOptions, "log" | "observe" | "onPermissions">): RefusedWatches {
  const refused = new Set<string>();
  const tell: RefusedWatches["tell"] = (what, event, changed) => {
    if (changed) logWatch(log, what, event);
    observe(what, event);
  };
  return {
    has: (what) => refused.has(what),
    all: () => [...refused],
    observe: (what, event) => {
      const before = refused.has(what);
      if (event.kind === "listed") refused.delete(what);
      else if (isDenied(event)) refused.add(what);
      tell(what, event, !before || !isDenied(event));
      if (before !== refused.has(what)) onPermissions();
    },
    tell,
  };
}

interface Watching {
  readonly what: string;
  readonly reportedElsewhere: boolean;
  readonly reflector: Reflector;
  /** Its store is full, or nothing is to be waited for. */
  readonly begun: Promise<void>;
}

function watchKind<K extends KindName>(
  options: ClusterWatchesOptions,
  denials: RefusedWatches,
  name: K,
): readonly Watching[] {
  const kind = kinds[name] as unknown as Kind<RecordOf<K>>;
  const transform = options.transforms[kinds[name].one] as (raw: unknown) => RecordOf<K> | undefined;
  const into = { store: options.stores[name], transform };
  return kind.watches(options.settings).map((each) => watchOne(options, denials, { ...kind, ...each }, into));
}

function watchOne<R extends StoredObject>(
  { listWatch, labels, settings, clock, random }: ClusterWatchesOptions,
  denials: RefusedWatches,
  watched: Kind<R> & KindWatch<R>,
  into: { readonly store: FedStore<R>; readonly transform: (raw: unknown) => R | undefined },
): Watching {
  const { resource, keeps, metadataOnly, mayBeRefused, what, namespace, name, query, reportedElsewhere } = watched;
  const { labels: asked } = watched;
  const firstDenial = Promise.withResolvers<void>();
  const waits = asked && labels.waiting(() => void created.readAgain());
  const created = reflector({
    listWatch: listWatch({
      path: resourcePath({ ...resource, namespace }),
      query: { ...query, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) },
      metadataOnly: metadataOnly === true,
      keeps: () => keeps({ maxConfigBytes: settings.maxConfigBytes, labels: labels.keys }),
    }),
    ...into,
    clock,
    random,
    heldBack: waits && asked && ((record) => waits(asked(record))),
    observe: (event) => {
      denials.observe(what, event);
      if (mayBeRefused && denials.has(what)) firstDenial.resolve();
    },
    ...(namespace !== undefined && { covers: (key: string) => key.startsWith(`${namespace}/`) }),
  });
  return {
    what,
    reportedElsewhere,
    reflector: created,
    begun: Promise.race([created.synced, firstDenial.promise]),
  };
}

function watchPullSecrets(options: ClusterWatchesOptions, { tell }: RefusedWatches): PullSecretWatches {
  const { listWatch, stores, transforms, settings, clock, random, onSecretsChanged, onPermissions } = options;
  return pullSecretWatches({
    listWatch,
    store: stores.pullSecrets,
    transform: transforms.secret,
    namespaces: settings.mode.watchNamespaces,
    mayBeWatched: (name) => nameNotPermitted(settings.mode, name) === undefined,
    maxConfigBytes: settings.maxConfigBytes,
    clock,
    random,
    tell,
    onChanged: onSecretsChanged,
    onRefusal: onPermissions,
  });
}
