// Which watches fill the stores, and which names of pull Secrets are watched? A part of the composition root.
import { group, plural, sourceLabel, version } from "./api/names.ts";
import type { Clock, Random } from "./clock.ts";
import type { ClusterStores } from "./cluster-stores.ts";
import { listWatch } from "./kube/list-watch.ts";
import { resourcePath } from "./kube/resource-path.ts";
import type { Transport } from "./kube/transport.ts";
import type { Mode } from "./plan/mode.ts";
import type { Log } from "./report/log.ts";
import { logWatch } from "./report/log-watch.ts";
import type { ListWatch } from "./watch/list-watch.ts";
import { multiReflector } from "./watch/multi-reflector.ts";
import { type Reflector, reflector, type ReflectorEvent, type ReflectorStatus } from "./watch/reflector.ts";
import type { FedStore } from "./watch/store.ts";
import { longestStringRead } from "./watch/strip/secret.ts";

// Of a pod, images and names are read; annotations and variables may be as long as they like.
const longestPodString = 1_024;

type Strip<R> = (raw: unknown) => R | undefined;

export interface ClusterWatchesOptions {
  readonly api: Transport;
  readonly stores: ClusterStores["stores"];
  readonly strips: ClusterStores["strips"];
  readonly settings: {
    readonly namespace: string;
    readonly sourceNamespaces: readonly string[];
    readonly mode: Mode;
    readonly maxConfigBytes: number;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Is told what happens to each watch. */
  readonly observe: (watch: string, event: ReflectorEvent) => void;
  /** All Secrets of a name are in the store, or the API server refuses to show them: its keys can be judged. */
  readonly onNameKnown: (name: string) => void;
}

export interface ClusterWatches {
  /** Resolves when every store but that of the pull Secrets is full. */
  readonly start: () => Promise<void>;
  /** Watches the Secrets of exactly these names from now on. */
  readonly watchNames: (names: ReadonlySet<string>) => void;
  readonly nameSynced: (name: string) => boolean;
  readonly nameRefused: (name: string) => boolean;
  /** By what is watched. */
  readonly status: () => ReadonlyMap<string, ReflectorStatus>;
  readonly stop: () => Promise<void>;
}

export function clusterWatches(options: ClusterWatchesOptions): ClusterWatches {
  const { api, stores, strips, settings, clock, random, log, observe, onNameKnown } = options;
  const core = (resource: string, namespace?: string): string =>
    resourcePath({ group: "", version: "v1", resource, namespace });
  const watched = new Map<string, Reflector>();
  const secretsCalled = (name: string): string => `secrets called ${name}`;
  const tell = (what: string, event: ReflectorEvent): void => {
    logWatch(log, what, event);
    observe(what, event);
  };
  const watch = <R extends { key: string; resourceVersion: string }>(
    what: string,
    into: FedStore<R>,
    source: ListWatch,
    strip: Strip<R>,
    covers?: (key: string) => boolean,
  ): void => {
    watched.set(
      what,
      reflector({
        listWatch: source,
        store: into,
        strip,
        clock,
        random,
        observe: (event) => tell(what, event),
        ...(covers && { covers }),
      }),
    );
  };
  const credentials = listWatch(api, { path: resourcePath({ group, version, resource: plural }) });
  watch("registrycredentials", stores.credentials, credentials, strips.credential);
  const namespaces = listWatch(api, { path: core("namespaces"), metadataOnly: true });
  watch("namespaces", stores.namespaces, namespaces, strips.namespace);
  const serviceAccounts = listWatch(api, { path: core("serviceaccounts") });
  watch("serviceaccounts", stores.serviceAccounts, serviceAccounts, strips.serviceAccount);
  for (const namespace of new Set([settings.namespace, ...settings.sourceNamespaces])) {
    const query = namespace === settings.namespace ? {} : { query: { labelSelector: `${sourceLabel}=true` } };
    watch(
      `secrets of ${namespace}`,
      stores.operatorSecrets,
      listWatch(api, { path: core("secrets", namespace), ...query }),
      strips.operatorSecret,
      (key) => key.startsWith(`${namespace}/`),
    );
  }
  if (settings.mode.podRecovery) {
    watch(
      "pods",
      stores.pods,
      listWatch(api, {
        path: core("pods"),
        // A pod that waits for its first image is Pending; those that run cost nothing.
        query: { fieldSelector: "status.phase=Pending" },
        longestString: longestPodString,
      }),
      strips.pod,
    );
  }

  const listed = new Set<string>();
  const refused = new Set<string>();
  const pullSecrets = multiReflector({
    listWatchFor: (name) =>
      listWatch(api, {
        path: core("secrets"),
        query: { fieldSelector: `metadata.name=${name}` },
        // Whatever tenants put into a Secret of this name, enough comes to tell that it is none of ours.
        longestString: longestStringRead(settings.maxConfigBytes),
      }),
    store: stores.pullSecrets,
    strip: strips.secret,
    clock,
    random,
    observe: (event, name) => {
      tell(secretsCalled(name), event);
      const refusedNow = event.kind === "paused" && event.because.kind === "forbidden";
      if (listed.has(name) || (event.kind !== "listed" && (!refusedNow || refused.has(name)))) return;
      if (refusedNow) refused.add(name);
      else {
        refused.delete(name);
        listed.add(name);
      }
      onNameKnown(name);
    },
  });

  return {
    start: async () => {
      for (const each of watched.values()) each.start();
      await Promise.all([...watched.values()].map(({ synced }) => synced));
    },
    watchNames: (names) => {
      for (const name of listed) if (!names.has(name)) listed.delete(name);
      pullSecrets.ensure(names);
    },
    nameSynced: (name) => pullSecrets.syncedFor(name),
    nameRefused: (name) => refused.has(name),
    status: () =>
      new Map([
        ...[...watched].map(([what, each]) => [what, each.status()] as const),
        ...[...pullSecrets.status()].map(([name, status]) => [secretsCalled(name), status] as const),
      ]),
    stop: async () => {
      await Promise.all([...[...watched.values()].map((each) => each.stop()), pullSecrets.stop()]);
    },
  };
}
