// An API server in memory, for `plan` and for tests: versions, preconditions, finalizers, the status
// apart from the spec, and how namespaces end.
import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../runtime/json-object.ts";
import type { ClusterObject } from "../cluster-api.ts";
import { alreadyExists, conflict, notFound, refused, terminating } from "./denials.ts";
import { secretProblem } from "./validation.ts";

/** Lower-case plural. */
export type Resource = "registrycredentials" | "namespaces" | "serviceaccounts" | "secrets" | "events";

export interface Place {
  readonly resource: Resource;
  /** Of namespaced kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ModelEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  /** As it is now, or was last; in the version of the event. */
  readonly object: ClusterObject;
  readonly before: ClusterObject | undefined;
}

/** All that it hands out is frozen by agreement: a write makes a new object. What it refuses it throws, as an ApiError. */
export interface ModelServer {
  /** Of the last write. */
  version(): string;
  get(place: Place): ClusterObject | undefined;
  list(resource: Resource, namespace?: string): readonly ClusterObject[];
  /** POST */
  create(place: Place, object: object): ClusterObject;
  /** PUT */
  replace(place: Place, object: object): ClusterObject;
  /** PATCH with a JSON merge patch. */
  patch(place: Place, patch: object, subresource?: "status"): ClusterObject;
  /** DELETE. Undefined: nothing is left of it. */
  remove(
    place: Place,
    preconditions?: { readonly uid?: string; readonly resourceVersion?: string },
  ): ClusterObject | undefined;
  /** Takes an object as it is, from another server. */
  load(resource: Resource, object: ClusterObject): ClusterObject;
  /** The same, in a version of its own: what somebody else is taken to have written. */
  put(resource: Resource, object: ClusterObject): ClusterObject;
  /** What the controller of namespaces does: what can be deleted in those that end is, and those that are empty go. */
  endNamespaces(): void;
  /** Called after each write, in order. */
  subscribe(listener: (event: ModelEvent) => void): () => void;
}

export interface ModelServerOptions {
  readonly now: () => Temporal.Instant;
  readonly newUid: () => string;
  /** The first version is the one after it. */
  readonly after?: bigint;
}

const clusterScoped: ReadonlySet<Resource> = new Set(["registrycredentials", "namespaces"]);
/** Of which the API server counts the versions of what is wanted. */
const counted: ReadonlySet<Resource> = new Set(["registrycredentials"]);

export function modelServer(options: ModelServerOptions): ModelServer {
  return new InMemoryServer(options);
}

class InMemoryServer implements ModelServer {
  readonly #now;
  readonly #newUid;
  readonly #objects = new Map<Resource, Map<string, ClusterObject>>();
  readonly #listeners = new Set<(event: ModelEvent) => void>();
  #version;

  constructor({ now, newUid, after = 0n }: ModelServerOptions) {
    this.#now = now;
    this.#newUid = newUid;
    this.#version = after;
  }

  readonly #of = (resource: Resource): Map<string, ClusterObject> => {
    const known = this.#objects.get(resource);
    if (known) return known;
    const made = new Map<string, ClusterObject>();
    this.#objects.set(resource, made);
    return made;
  };

  readonly #find = (place: Place): ClusterObject | undefined => this.#of(place.resource).get(keyOf(place));

  readonly #existing = (place: Place): ClusterObject => {
    const found = this.#find(place);
    if (found) return found;
    throw notFound(place.resource, place.name);
  };

  readonly #stamped = (object: ClusterObject, metadata: Partial<ClusterObject["metadata"]>): ClusterObject => {
    this.#version += 1n;
    return { ...object, metadata: { ...object.metadata, ...metadata, resourceVersion: String(this.#version) } };
  };

  readonly #tell = (event: ModelEvent): void => {
    for (const listener of this.#listeners) listener(event);
  };

  readonly #vanish = (place: Place, before: ClusterObject): undefined => {
    this.#of(place.resource).delete(keyOf(place));
    this.#tell({ type: "DELETED", resource: place.resource, object: this.#stamped(before, {}), before });
  };

  readonly #store = (place: Place, object: ClusterObject, before: ClusterObject | undefined): ClusterObject => {
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    const { resource } = place;
    // A Namespace has a finalizer of its own, in its spec.
    if (deletionTimestamp !== undefined && finalizers.length === 0 && resource !== "namespaces") {
      this.#of(resource).delete(keyOf(place));
      this.#tell({ type: "DELETED", resource, object, before });
      return object;
    }
    this.#of(resource).set(keyOf(place), object);
    this.#tell({ type: before ? "MODIFIED" : "ADDED", resource, object, before });
    return object;
  };

  /** Puts `wanted` in the place of `before`, as far as a write may. */
  readonly #write = (place: Place, before: ClusterObject, wanted: ClusterObject): ClusterObject => {
    const { resource, name } = place;
    checkVersions(place, before, wanted.metadata);
    const { uid, resourceVersion, creationTimestamp, deletionTimestamp, generation } = before.metadata;
    const kept = { uid, resourceVersion, creationTimestamp, deletionTimestamp, generation };
    const metadata: ClusterObject["metadata"] = present({ ...wanted.metadata, ...kept });
    const { apiVersion, kind } = before;
    const next = present<ClusterObject>({ ...wanted, apiVersion, kind, metadata });
    const isNew = (each: string): boolean => before.metadata.finalizers?.includes(each) !== true;
    if (deletionTimestamp !== undefined && metadata.finalizers?.some(isNew) === true) {
      const why = "no new finalizers can be added if the object is being deleted";
      throw refused(422, "Invalid", `${before.kind} "${name}" is invalid: metadata.finalizers: Forbidden: ${why}`);
    }
    const problem = resource === "secrets" ? secretProblem(next, before) : undefined;
    if (problem) throw problem;
    if (isDeepStrictEqual(next, before)) return before;
    const grows = counted.has(resource) && !isDeepStrictEqual(withoutMetadata(next), withoutMetadata(before));
    return this.#store(place, this.#stamped(next, grows ? { generation: (generation ?? 0) + 1 } : {}), before);
  };

  readonly load = (resource: Resource, object: ClusterObject): ClusterObject => {
    const { namespace, name } = object.metadata;
    return this.#store({ resource, namespace, name }, object, this.#find({ resource, namespace, name }));
  };

  readonly remove: ModelServer["remove"] = (place, preconditions = {}) => {
    const before = this.#existing(place);
    const { resource } = place;
    checkVersions(place, before, preconditions);
    const { deletionTimestamp, finalizers = [], generation } = before.metadata;
    if (deletionTimestamp !== undefined) return before;
    if (finalizers.length === 0 && resource !== "namespaces") return this.#vanish(place, before);
    // k8s.io/apiserver/pkg/registry/rest/delete.go, BeforeDelete: this counts as a change of what is wanted.
    const ending = {
      deletionTimestamp: this.#now().toString({ smallestUnit: "second" }),
      ...(generation !== undefined && { generation: generation + 1 }),
    };
    return this.#store(place, this.#stamped(before, ending), before);
  };

  readonly #contentOf = (namespace: string): readonly Place[] =>
    [...this.#objects].flatMap(([resource, kept]) =>
      [...kept.values()].flatMap(({ metadata }) =>
        metadata.namespace === namespace ? [{ resource, namespace, name: metadata.name }] : [],
      ),
    );

  readonly version: ModelServer["version"] = () => String(this.#version);

  readonly get = this.#find;

  readonly list: ModelServer["list"] = (resource, namespace) =>
    [...this.#of(resource).values()].filter((each) => namespace === undefined || each.metadata.namespace === namespace);

  readonly create: ModelServer["create"] = (place, object) => {
    const { resource, namespace, name } = place;
    const given = copied(object);
    if (!clusterScoped.has(resource)) {
      const home = this.#of("namespaces").get(namespace ?? "");
      if (!home) throw notFound("namespaces", namespace ?? "");
      if (home.metadata.deletionTimestamp !== undefined) throw terminating(resource, name, namespace ?? "");
    }
    if (given.metadata.resourceVersion !== undefined)
      throw refused(400, "BadRequest", "resourceVersion should not be set on objects to be created");
    if (this.#find(place)) throw alreadyExists(resource, name);
    const made = {
      ...(resource === "secrets" ? { type: "Opaque" } : {}),
      ...given,
      ...(counted.has(resource) ? { status: undefined } : {}),
    };
    const problem = resource === "secrets" ? secretProblem(made) : undefined;
    if (problem) throw problem;
    const metadata = {
      name,
      ...(namespace !== undefined && { namespace }),
      uid: this.#newUid(),
      creationTimestamp: this.#now().toString({ smallestUnit: "second" }),
      ...(counted.has(resource) && { generation: 1 }),
    };
    return this.#store(place, this.#stamped(present<ClusterObject>(made), metadata), undefined);
  };

  readonly replace: ModelServer["replace"] = (place, object) => {
    const before = this.#existing(place);
    const wanted = copied(object);
    return this.#write(place, before, withStatusOf(place.resource, before, wanted));
  };

  readonly patch: ModelServer["patch"] = (place, patch, subresource) => {
    const before = this.#existing(place);
    const wanted = copied(merged(before, patch));
    // What a patch does not name is as it was, but for the version: it stands for that of the server.
    const { uid, resourceVersion } =
      (patch as { readonly metadata?: { uid?: string; resourceVersion?: string } }).metadata ?? {};
    const metadata = { ...wanted.metadata, uid, resourceVersion } as ClusterObject["metadata"];
    if (subresource !== "status") {
      return this.#write(place, before, withStatusOf(place.resource, before, { ...wanted, metadata }));
    }
    checkVersions(place, before, metadata);
    const next = { ...before, status: (wanted as { readonly status?: unknown }).status };
    return isDeepStrictEqual(next, before) ? before : this.#store(place, this.#stamped(next, {}), before);
  };

  readonly put: ModelServer["put"] = (resource, object) =>
    this.load(resource, this.#stamped(object, { uid: object.metadata.uid ?? this.#newUid() }));

  readonly endNamespaces: ModelServer["endNamespaces"] = () => {
    for (const namespace of this.#of("namespaces").values()) {
      const { name, deletionTimestamp } = namespace.metadata;
      if (deletionTimestamp === undefined) continue;
      for (const place of this.#contentOf(name)) this.remove(place);
      if (this.#contentOf(name).length === 0) this.#vanish({ resource: "namespaces", name }, namespace);
    }
  };

  readonly subscribe: ModelServer["subscribe"] = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}

function keyOf({ namespace, name }: Place): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** No two hold the same parts: what is given may be changed by who gave it. */
function copied(object: object): ClusterObject & { readonly metadata: { readonly resourceVersion?: string } } {
  return JSON.parse(JSON.stringify(object)) as ClusterObject;
}

/** Without members that say nothing, as JSON does without them. */
function present<T extends object>(object: object): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function checkVersions(
  { resource, name }: Place,
  { metadata }: ClusterObject,
  { uid, resourceVersion }: { readonly uid?: string; readonly resourceVersion?: string },
): void {
  if (uid !== undefined && uid !== metadata.uid) throw conflict(resource, name);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) throw conflict(resource, name);
}

function withoutMetadata(object: ClusterObject): object {
  const { metadata: _metadata, status: _status, ...rest } = object as ClusterObject & { readonly status?: unknown };
  return rest;
}

/** Where the status is a subresource, other writes leave it as it is. */
function withStatusOf(resource: Resource, before: ClusterObject, wanted: ClusterObject): ClusterObject {
  if (!counted.has(resource)) return wanted;
  return present({ ...wanted, status: (before as { readonly status?: unknown }).status });
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): object {
  const result: Record<string, unknown> = { ...(isObject(target) ? target : {}) };
  for (const [key, value] of Object.entries(isObject(patch) ? patch : {})) {
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? merged(result[key], value) : value;
  }
  return result;
}
