// A cluster in memory: takes writes and tells the stores.
import { dockerConfigType } from "../../registry/docker-config.ts";
import { randomUUID } from "node:crypto";
import type { ClusterStores } from "../../cluster/cluster-stores.ts";
import type { ClusterApi, ClusterObject, SecretObject, ServiceAccountObject } from "../../cluster/cluster-api.ts";
import { modelApi } from "../../cluster/in-memory/in-memory-api.ts";
import { type ModelEvent, modelServer, type Resource } from "../../cluster/in-memory/in-memory-server.ts";
import type { StoredObject } from "../../runtime/watch/object-meta.ts";
import type { Feed } from "../../runtime/watch/store.ts";
import { identityOf } from "../../runtime/watch/object-meta.ts";
import type { ClusterState, DryRunKind } from "./cluster-state.ts";

export interface InMemoryCluster {
  readonly api: ClusterApi;
  /** Those that bear a pull Secret's name, as they are now, by `namespace/name`. */
  readonly secrets: ReadonlyMap<string, SecretObject>;
  readonly serviceAccounts: ReadonlyMap<string, ServiceAccountObject>;
  /** Fills the stores; whoever derives something from them must have subscribed before. */
  appear(): void;
  /** A person's change to a RegistryCredential. */
  putCredential(raw: object): void;
  /** And to a source of one. */
  putSource(raw: object): void;
}

/** Greater than all that is there, for records are never replaced by an older version. */
const firstVersion = 2n ** 60n;

export function inMemoryCluster(
  state: ClusterState,
  { stores, transforms }: ClusterStores,
  operatorNamespace: string,
  now: () => Temporal.Instant,
): InMemoryCluster {
  const server = modelServer({ now, newUid: randomUUID, after: firstVersion });
  const secrets = byKey<SecretObject>(state.pullSecrets);
  const serviceAccounts = byKey<ServiceAccountObject>(state.serviceAccounts);
  const inlets: Readonly<Record<DryRunKind, Inlet>> = {
    credentials: inlet(stores.credentials.feed(), transforms.credential),
    namespaces: inlet(stores.namespaces.feed(), transforms.namespace),
    serviceAccounts: inlet(stores.serviceAccounts.feed(), transforms.serviceAccount),
    pullSecrets: inlet(stores.pullSecrets.feed(), transforms.secret),
    operatorSecrets: inlet(stores.operatorSecrets.feed(), transforms.operatorSecret),
  };

  const keep = <T extends ClusterObject>(into: Map<string, T>, { type, object }: ModelEvent): void => {
    const { key } = identityOf(object);
    if (type === "DELETED") into.delete(key);
    else into.set(key, object as T);
  };
  // Those that are put: they are in the operator's namespace, or in one of sources.
  const sources = new Set<string>();
  const isOperators = ({ metadata: { namespace, name }, type }: SecretObject): boolean =>
    sources.has(`${namespace}/${name}`) || (namespace === operatorNamespace && type !== dockerConfigType);
  const takeIn = (event: ModelEvent): void => {
    switch (event.resource) {
      case "registrycredentials":
        return inlets.credentials.hear(event);
      case "secrets":
        if (isOperators(event.object as SecretObject)) return inlets.operatorSecrets.hear(event);
        keep(secrets, event);
        return inlets.pullSecrets.hear(event);
      case "serviceaccounts":
        keep(serviceAccounts, event);
        return inlets.serviceAccounts.hear(event);
      case "namespaces":
      case "events":
        return;
    }
  };
  const load = (resource: Resource, raws: readonly unknown[]): void => {
    for (const raw of raws) server.load(resource, raw as ClusterObject);
  };
  load("registrycredentials", state.credentials);
  load("namespaces", state.namespaces);
  // Where regcred is not installed yet, it is foretold what will be once it is.
  if (server.get({ resource: "namespaces", name: operatorNamespace }) === undefined)
    server.put("namespaces", { metadata: { name: operatorNamespace } } as ClusterObject);
  load("serviceaccounts", state.serviceAccounts);
  load("secrets", [...state.operatorSecrets, ...state.pullSecrets]);

  return {
    api: modelApi(server),
    secrets,
    serviceAccounts,
    appear: () => {
      for (const kind of Object.keys(inlets) as DryRunKind[]) inlets[kind].fill(state[kind], server.version());
      server.subscribe(takeIn);
    },
    putSource: (raw) => {
      const { namespace, name } = (raw as ClusterObject).metadata;
      sources.add(`${namespace}/${name}`);
      server.put("secrets", raw as ClusterObject);
    },
    putCredential: (raw) => void server.put("registrycredentials", raw as ClusterObject),
  };
}

function byKey<T>(raws: readonly unknown[]): Map<string, T> {
  return new Map(raws.map((raw) => [identityOf(raw).key, raw as T]));
}

/** What becomes of what is heard of one kind. */
interface Inlet {
  fill(raws: readonly unknown[], version: string): void;
  hear(event: Pick<ModelEvent, "type" | "object">): void;
}

function inlet<R extends StoredObject>(feed: Feed<R>, transform: (raw: unknown) => R | undefined): Inlet {
  const observe = (raw: unknown): void => {
    const record = transform(raw);
    if (record !== undefined) feed.observed(record);
  };
  return {
    fill: (raws, version) => {
      feed.begin();
      for (const raw of raws) observe(raw);
      feed.completed(version);
    },
    hear: ({ type, object }) => {
      const { key, resourceVersion } = identityOf(object);
      if (type === "DELETED") feed.vanished(key, resourceVersion);
      else observe(object);
    },
  };
}
