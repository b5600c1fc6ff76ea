// ClusterApi: the reads and writes that the controllers ask of the cluster.

/** Metadata as it is on the wire: times are RFC 3339 text. */
interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
  /** Of answers to a GET as they are; of others only who they are. */
  readonly managedFields?: readonly object[];
}

export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
}

export interface SecretObject extends ClusterObject {
  readonly type: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export interface ServiceAccountObject extends ClusterObject {
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
}

/** A whole object as JSON text that was prepared before, or as a value that is still to be written as JSON. */
export type Body = string | object;

/** The very object, in the very state, that may be deleted. */
interface Preconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * Answers are what the server sent, not copies through a model: unknown fields are kept. Each call is bounded by 5 s and by
 * the signal, and rejects with ApiError (src/runtime/client/api-error.ts), whose kinds a caller tells apart.
 */
export interface ClusterApi {
  /** Undefined where it, or its namespace, is not there. */
  getSecret(namespace: string, name: string, signal?: AbortSignal): Promise<SecretObject | undefined>;
  /** A POST: `alreadyExists` where it is there. */
  createSecret(namespace: string, body: Body, signal?: AbortSignal): Promise<SecretObject>;
  /** A dry run of the creation: rejects as that would, but not where it is there already. */
  tryCreateSecret(namespace: string, body: Body, signal?: AbortSignal): Promise<void>;
  /** A PUT: `body` carries `metadata.resourceVersion`; `conflict` where it is stale. */
  replaceSecret(namespace: string, name: string, body: Body, signal?: AbortSignal): Promise<SecretObject>;
  /** Resolves as well when it is gone already; `conflict` where it is another object or another state. */
  deleteSecret(namespace: string, name: string, preconditions: Preconditions, signal?: AbortSignal): Promise<void>;

  /** Undefined where it, or its namespace, is not there. */
  getServiceAccount(namespace: string, name: string, signal?: AbortSignal): Promise<ServiceAccountObject | undefined>;
  /** A JSON merge patch that carries `metadata.resourceVersion`. */
  patchServiceAccount(
    namespace: string,
    name: string,
    patch: Body,
    signal?: AbortSignal,
  ): Promise<ServiceAccountObject>;

  /** Through the Eviction API, which a PodDisruptionBudget may refuse: `tooManyRequests`. `conflict` where it is another pod. */
  evictPod(namespace: string, name: string, uid: string, signal?: AbortSignal): Promise<void>;

  /** A JSON merge patch of finalizers or annotations that carries `metadata.resourceVersion`. */
  patchCredential(name: string, patch: Body, signal?: AbortSignal): Promise<ClusterObject>;
  /** A JSON merge patch of the status subresource that carries `metadata.resourceVersion`: two replicas may have a word on it. */
  patchCredentialStatus(name: string, patch: Body, signal?: AbortSignal): Promise<ClusterObject>;

  /** An events.k8s.io/v1 Event. */
  createEvent(namespace: string, body: Body, signal?: AbortSignal): Promise<ClusterObject>;
  /** A JSON merge patch that carries `metadata.uid`. */
  patchEvent(namespace: string, name: string, patch: Body, signal?: AbortSignal): Promise<void>;
}
