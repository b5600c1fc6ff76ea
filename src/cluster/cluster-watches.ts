// Which watches fill the stores, and which names of pull Secrets are watched? A part of the composition root.
import { crdName, group, plural, sourceLabel, version } from "../api/names.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { type ClusterStores, labelsAskedByToken } from "./cluster-stores.ts";
import type { Watched } from "../runtime/client/list-watch.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import { type Mode, nameNotPermitted } from "./install-mode.ts";
import type { Log } from "../runtime/observability/log.ts";
import { type PullSecretWatches, pullSecretWatches } from "./pull-secret-watches.ts";
import { logWatch } from "../runtime/observability/log-watch.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { type Reflector, reflector, type ReflectorStatus } from "../runtime/watch/reflector.ts";
import { isRefusal, type ReflectorEvent } from "../runtime/watch/reflector-event.ts";
import type { AskedLabels } from "./watched-labels.ts";
import { kept } from "./object-limits.ts";
import { labelsAskedBy } from "./transform/credential.ts";
import type { FedStore } from "../runtime/watch/store.ts";

type Transform<R> = (raw: unknown) => R | undefined;

export interface ClusterWatchesOptions {
  readonly listWatch: (watched: Watched) => ListWatch;
  readonly stores: ClusterStores["stores"];
  readonly transforms: ClusterStores["transforms"];
  readonly labels: AskedLabels;
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
  const core = (resource: string, namespace?: string): string =>
    resourcePath({ group: "", version: "v1", resource, namespace });
  const watched = new Map<string, Reflector>();
  const begun: Promise<void>[] = [];
  const refused = new Set<string>();
  const elsewhere = new Set<string>();
  /** What is refused is asked for again and again, and told once. */
  const tell = (what: string, event: ReflectorEvent, isNews: boolean): void => {
    if (isNews) logWatch(log, what, event);
    observe(what, event);
  };
  const watch = <R extends { key: string; resourceVersion: string }>(
    what: string,
    into: FedStore<R>,
    source: ListWatch,
    transform: Transform<R>,
    {
      covers,
      heldBack,
      mayBeRefused = false,
      toldElsewhere = mayBeRefused,
    }: {
      readonly covers?: (key: string) => boolean;
      readonly heldBack?: (record: R) => boolean;
      /** The operator begins without it. */
      readonly mayBeRefused?: boolean;
      readonly toldElsewhere?: boolean;
    } = {},
  ): Reflector => {
    if (toldElsewhere) elsewhere.add(what);
    const firstRefusal = Promise.withResolvers<void>();
    const created = reflector({
      listWatch: source,
      store: into,
      transform,
      clock,
      random,
      heldBack,
      observe: (event) => {
        const before = refused.has(what);
        if (event.kind === "listed") refused.delete(what);
        else if (isRefusal(event)) refused.add(what);
        tell(what, event, !before || !isRefusal(event));
        if (mayBeRefused && refused.has(what)) firstRefusal.resolve();
        if (before !== refused.has(what)) onPermissions();
      },
      ...(covers && { covers }),
    });
    watched.set(what, created);
    begun.push(Promise.race([created.synced, firstRefusal.promise]));
    return created;
  };
  const credentialSource = listWatch({
    path: resourcePath({ group, version, resource: plural }),
    keeps: () => kept.credential,
  });
  const credentialWaits = labels.waiting(() => void credentials.readAgain());
  const credentials = watch("registrycredentials", stores.credentials, credentialSource, transforms.credential, {
    heldBack: (record) => credentialWaits(labelsAskedBy(record)),
  });
  const namespaceSource = listWatch({
    path: core("namespaces"),
    metadataOnly: true,
    keeps: () => kept.namespace(labels.keys()),
  });
  const namespaces = watch("namespaces", stores.namespaces, namespaceSource, transforms.namespace);
  let namespacesBegun = false;
  const ownCrd = { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" };
  const query = { fieldSelector: `metadata.name=${crdName}` };
  const crds = listWatch({ path: resourcePath(ownCrd), query, keeps: () => kept.crd });
  watch("customresourcedefinitions", stores.crds, crds, transforms.crd, { mayBeRefused: true });
  const asking = [credentials.synced];
  const { watchNamespaces } = settings.mode;
  if (watchNamespaces.length === 0) {
    watch(
      "serviceaccounts",
      stores.serviceAccounts,
      listWatch({ path: core("serviceaccounts"), keeps: () => kept.serviceAccount }),
      transforms.serviceAccount,
      { mayBeRefused: true },
    );
  }
  // The operator's own too: entries name ServiceAccounts of it as their identity.
  for (const namespace of watchNamespaces.length > 0 ? new Set([settings.namespace, ...watchNamespaces]) : []) {
    watch(
      serviceAccountsOf(namespace),
      stores.serviceAccounts,
      listWatch({ path: core("serviceaccounts", namespace), keeps: () => kept.serviceAccount }),
      transforms.serviceAccount,
      { covers: inNamespace(namespace), mayBeRefused: true, toldElsewhere: namespace !== settings.namespace },
    );
  }
  for (const namespace of new Set([settings.namespace, ...settings.sourceNamespaces])) {
    const query = namespace === settings.namespace ? {} : { query: { labelSelector: `${sourceLabel}=true` } };
    const secrets = listWatch({ path: core("secrets", namespace), ...query, keeps: () => kept.operatorSecret });
    const waits = labels.waiting(() => void created.readAgain());
    const created = watch(`secrets of ${namespace}`, stores.operatorSecrets, secrets, transforms.operatorSecret, {
      covers: inNamespace(namespace),
      ...(namespace === settings.namespace && { heldBack: (record) => waits(labelsAskedByToken(record)) }),
    });
    asking.push(created.synced);
  }
  const podPlaces = watchNamespaces.length > 0 ? watchNamespaces : [undefined];
  for (const namespace of settings.mode.podRecovery ? podPlaces : []) {
    watch(
      namespace === undefined ? "pods" : `pods of ${namespace}`,
      stores.pods,
      listWatch({
        path: core("pods", namespace),
        // A pod that waits for its first image is Pending; those that run cost nothing.
        query: { fieldSelector: "status.phase=Pending" },
        keeps: () => kept.pod,
      }),
      transforms.pod,
      namespace === undefined
        ? { mayBeRefused: true, toldElsewhere: false }
        : { covers: inNamespace(namespace), mayBeRefused: true },
    );
  }

  const pullSecrets = pullSecretWatches({
    listWatch,
    store: stores.pullSecrets,
    transform: transforms.secret,
    namespaces: watchNamespaces,
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
      for (const each of watched.values()) if (each !== namespaces) each.start();
      await Promise.all(asking);
      namespacesBegun = true;
      namespaces.start();
      await Promise.all(begun);
    },
    pullSecrets,
    readNamespacesAgain: () => (namespacesBegun ? namespaces.readAgain() : undefined),
    readAllAgain: () =>
      Promise.all([...[...watched.values()].map((each) => each.readAgain()), pullSecrets.readAgain()]),
    serviceAccountsRefused: (namespace) => refused.has("serviceaccounts") || refused.has(serviceAccountsOf(namespace)),
    refusedElsewhere: () => [...refused].filter((what) => !elsewhere.has(what)),
    status: () =>
      new Map([...[...watched].map(([what, each]) => [what, each.status()] as const), ...pullSecrets.status()]),
    stop: async () => {
      await Promise.all([...[...watched.values()].map((each) => each.stop()), pullSecrets.stop()]);
    },
  };
}

const serviceAccountsOf = (namespace: string): string => `serviceaccounts of ${namespace}`;

function inNamespace(namespace: string): (key: string) => boolean {
  return (key) => key.startsWith(`${namespace}/`);
}
