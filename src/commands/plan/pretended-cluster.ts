// What would the cluster look like after these writes? A cluster in memory that takes them and tells the stores, as a watch would.
import { randomUUID } from "node:crypto";
import type { ClusterStores } from "../../operator/cluster-stores.ts";
import { ApiError } from "../../kube/api-error.ts";
import type { Body, ClusterApi, ClusterObject, SecretObject, ServiceAccountObject } from "../../kube/cluster-api.ts";
import { identityOf } from "../../watch/strip/object-meta.ts";
import type { ClusterState } from "./cluster-state.ts";

export interface PretendedCluster {
  readonly api: ClusterApi;
  /** As it is now, by `namespace/name`. */
  readonly secrets: ReadonlyMap<string, SecretObject>;
  readonly serviceAccounts: ReadonlyMap<string, ServiceAccountObject>;
  /** Fills the stores; whoever derives something from them must have subscribed before. */
  appear(): void;
  /** A person's change to a RegistryCredential. */
  putCredential(raw: object): void;
  /** And to a source of one. */
  putSource(raw: object): void;
}

export function pretendedCluster(
  state: ClusterState,
  { stores, strips }: ClusterStores,
  operatorNamespace: string,
): PretendedCluster {
  // Greater than all that is there, for records are never replaced by an older version.
  let version = 2n ** 60n;
  const stamped = <T extends ClusterObject>(object: object, uid?: string): T => {
    const { metadata, ...rest } = object as ClusterObject;
    version += 1n;
    return { ...rest, metadata: { ...metadata, uid: uid ?? randomUUID(), resourceVersion: String(version) } } as T;
  };
  const feeds = {
    credentials: stores.credentials.feed(),
    namespaces: stores.namespaces.feed(),
    serviceAccounts: stores.serviceAccounts.feed(),
    pullSecrets: stores.pullSecrets.feed(),
    operatorSecrets: stores.operatorSecrets.feed(),
  };
  const fill = <R>(
    feed: { begin(): void; observed(record: R): void; completed(version: string): void },
    raws: readonly unknown[],
    strip: (raw: unknown) => R | undefined,
  ): void => {
    feed.begin();
    for (const raw of raws) {
      const record = strip(raw);
      if (record !== undefined) feed.observed(record);
    }
    feed.completed(String(version));
  };
  const byKey = <T>(raws: readonly unknown[]): Map<string, T> =>
    new Map(raws.map((raw) => [identityOf(raw).key, raw as T]));
  const secrets = byKey<SecretObject>(state.pullSecrets);
  const serviceAccounts = byKey<ServiceAccountObject>(state.serviceAccounts);
  const credentials = byKey<ClusterObject>(state.credentials);

  const putSecret = (namespace: string, object: SecretObject): SecretObject => {
    const operators = namespace === operatorNamespace && object.type !== "kubernetes.io/dockerconfigjson";
    const own = operators ? strips.operatorSecret(object) : undefined;
    if (own) feeds.operatorSecrets.observed(own);
    else secrets.set(`${namespace}/${object.metadata.name}`, object);
    return object;
  };
  const putCredential = (object: ClusterObject): ClusterObject => {
    const { name, deletionTimestamp, finalizers = [] } = object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) {
      credentials.delete(name);
      feeds.credentials.vanished(name, object.metadata.resourceVersion);
      return object;
    }
    credentials.set(name, object);
    const record = strips.credential(object);
    if (record) feeds.credentials.observed(record);
    return object;
  };
  const patchCredential = (name: string, patch: Body): ClusterObject => {
    const before = credentials.get(name);
    if (!before) throw missing(name);
    return putCredential(stamped(merged(before, parsed(patch)), before.metadata.uid));
  };

  const api: ClusterApi = {
    getSecret: async (namespace, name) => secrets.get(`${namespace}/${name}`),
    createSecret: async (namespace, body) => putSecret(namespace, stamped(parsed(body))),
    replaceSecret: async (namespace, name, body) =>
      putSecret(namespace, stamped(parsed(body), secrets.get(`${namespace}/${name}`)?.metadata.uid)),
    deleteSecret: async (namespace, name) => void secrets.delete(`${namespace}/${name}`),
    getServiceAccount: async (namespace, name) => serviceAccounts.get(`${namespace}/${name}`),
    patchServiceAccount: async (namespace, name, patch) => {
      const before = serviceAccounts.get(`${namespace}/${name}`);
      if (!before) throw missing(name);
      const after = stamped<ServiceAccountObject>(merged(before, parsed(patch)), before.metadata.uid);
      serviceAccounts.set(`${namespace}/${name}`, after);
      return after;
    },
    patchCredential: async (name, patch) => patchCredential(name, patch),
    patchCredentialStatus: async (name, patch) => patchCredential(name, patch),
    createEvent: async (namespace, body) => stamped(parsed(body)),
    // No pod is looked at: evictions follow from what is written, and are not foretold.
    evictPod: async () => undefined,
    patchEvent: async () => undefined,
  };
  return {
    api,
    secrets,
    serviceAccounts,
    appear: () => {
      fill(feeds.credentials, state.credentials, strips.credential);
      fill(feeds.namespaces, state.namespaces, strips.namespace);
      fill(feeds.serviceAccounts, state.serviceAccounts, strips.serviceAccount);
      fill(feeds.pullSecrets, state.pullSecrets, strips.secret);
      fill(feeds.operatorSecrets, state.operatorSecrets, strips.operatorSecret);
    },
    putSource: (raw) => {
      const record = strips.operatorSecret(stamped(raw));
      if (record) feeds.operatorSecrets.observed(record);
    },
    putCredential: (raw) => void putCredential(stamped(raw, (raw as ClusterObject).metadata.uid)),
  };
}

function parsed(body: Body): object {
  return typeof body === "string" ? (JSON.parse(body) as object) : body;
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): object {
  const result: Record<string, unknown> = { ...(isRecord(target) ? target : {}) };
  for (const [key, value] of Object.entries(isRecord(patch) ? patch : {})) {
    if (value === null) delete result[key];
    else result[key] = isRecord(value) ? merged(result[key], value) : value;
  }
  return result;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missing(name: string): ApiError {
  return new ApiError({ kind: "notFound", code: 404, details: { causes: [] }, message: `${name} is not there` });
}
