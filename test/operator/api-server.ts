// An API server for tests: objects with versions, preconditions, finalizers and watches, in memory and without delay.
import { randomUUID } from "node:crypto";
import type { Cancel } from "../../src/runtime/clock.ts";

type Json = Readonly<Record<string, unknown>>;

export interface PlayedObject extends Json {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Which objects, or which one, a request is about. */
export interface Target {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed. */
  readonly body: Json;
}

export interface Answer {
  readonly code: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Json;
  /** In place of the body, whatever stands between. */
  readonly text?: string;
}

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: string;
  readonly version: number;
  readonly object: PlayedObject;
}

export interface ApiServer {
  answer(call: Call): Answer;
  /** All that matches now. */
  matching(call: Pick<Call, "path" | "query">): readonly PlayedObject[];
  /** What has changed since that version, and what changes from now on. */
  watch(call: Pick<Call, "path" | "query">, since: number, tell: (change: Change) => void, broken?: () => void): Cancel;
  /**
   * What etcd holds now; returns what puts it back to that, its versions too, and breaks every watch; or leaves them open, and
   * says nothing there any more.
   */
  backUp(): (watches?: "broken" | "silent") => void;
  version(): number;
  get(resource: string, place: string): PlayedObject | undefined;
  list(resource: string): readonly PlayedObject[];
  /** As a person would, whose tools read before they write. Throw where it is refused. */
  create(object: object): PlayedObject;
  patch(resource: string, place: string, patch: object): void;
  remove(resource: string, place: string): void;
}

const groups: Readonly<Record<string, string>> = {
  namespaces: "/api/v1",
  secrets: "/api/v1",
  serviceaccounts: "/api/v1",
  pods: "/api/v1",
  leases: "/apis/coordination.k8s.io/v1",
  events: "/apis/events.k8s.io/v1",
  registrycredentials: "/apis/regcred.dev/v1alpha1",
  customresourcedefinitions: "/apis/apiextensions.k8s.io/v1",
  validatingadmissionpolicies: "/apis/admissionregistration.k8s.io/v1",
  validatingadmissionpolicybindings: "/apis/admissionregistration.k8s.io/v1",
};
const resourceOf: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
  Lease: "leases",
  CustomResourceDefinition: "customresourcedefinitions",
  ValidatingAdmissionPolicy: "validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "validatingadmissionpolicybindings",
  RegistryCredential: "registrycredentials",
};

export function targetOf(path: string): Target {
  const rest = path.split("/").filter(Boolean);
  rest.splice(0, rest[0] === "api" ? 2 : 3);
  const namespace = rest[0] === "namespaces" && rest.length > 2 ? rest.splice(0, 2)[1] : undefined;
  const [resource = "", name, subresource] = rest;
  return { resource, namespace, name, subresource };
}

export function apiServer(now: () => Temporal.Instant): ApiServer {
  const objects = new Map<string, PlayedObject>();
  const history: Change[] = [];
  const watchers = new Map<(change: Change) => void, () => void>();
  let version = 0;

  const keyOf = (resource: string, place: string): string => `${resource} ${place}`;
  const store = (resource: string, type: Change["type"], object: Json): PlayedObject => {
    version += 1;
    const before = object as PlayedObject;
    const stored = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    const key = keyOf(resource, placeOf(stored));
    if (type === "DELETED") objects.delete(key);
    else objects.set(key, stored);
    const change = { type, resource, version, object: stored };
    history.push(change);
    for (const tell of watchers.keys()) tell(change);
    return stored;
  };
  /** What a write makes of an object: gone, where it is being deleted and nothing holds it any more. */
  const replace = (resource: string, before: PlayedObject, after: Json, isStatus = false): PlayedObject => {
    const { metadata, ...rest } = after as PlayedObject;
    const { uid, creationTimestamp, deletionTimestamp, name, namespace, generation } = before.metadata;
    const isNewSpec = JSON.stringify(before["spec"]) !== JSON.stringify(rest["spec"]);
    const written = {
      ...rest,
      ...(resource === "registrycredentials" && (isStatus ? { spec: before["spec"] } : { status: before["status"] })),
      metadata: {
        ...metadata,
        uid,
        creationTimestamp,
        name,
        generation: generation + Number(isNewSpec && !isStatus),
        ...(namespace !== undefined && { namespace }),
        ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      },
    };
    const isOver = deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    return store(resource, isOver ? "DELETED" : "MODIFIED", written);
  };

  const createIn = ({ resource, namespace, subresource }: Target, body: Json): Answer => {
    if (subresource === "token") return { code: 201, body: { spec: { audiences: ["https://kubernetes.invalid"] } } };
    if (resource.endsWith("accessreviews")) return { code: 201, body: { ...body, status: { allowed: true } } };
    const metadata = {
      ...(body["metadata"] as PlayedObject["metadata"]),
      ...(namespace !== undefined && { namespace }),
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: now().toString(),
    };
    const object = { ...body, metadata } as unknown as PlayedObject;
    if (objects.has(keyOf(resource, placeOf(object)))) return statusError(409, "AlreadyExists");
    if (namespace !== undefined && !objects.has(keyOf("namespaces", namespace)))
      return statusError(404, "NotFound", { kind: "namespaces" });
    return { code: 201, body: store(resource, "ADDED", object) };
  };
  const write = ({ resource, subresource }: Target, before: PlayedObject, after: Json): Answer => {
    const { resourceVersion } = (after as PlayedObject).metadata;
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      return statusError(409, "Conflict");
    return { code: 200, body: replace(resource, before, after, subresource === "status") };
  };
  const remove = ({ resource }: Target, before: PlayedObject, { preconditions = {} }: DeleteOptions): Answer => {
    const { uid, resourceVersion, finalizers = [], deletionTimestamp } = before.metadata;
    if ((preconditions.uid ?? uid) !== uid || (preconditions.resourceVersion ?? resourceVersion) !== resourceVersion)
      return statusError(409, "Conflict");
    const metadata = { ...before.metadata, deletionTimestamp: deletionTimestamp ?? now().toString() };
    return {
      code: 200,
      body: store(resource, finalizers.length > 0 ? "MODIFIED" : "DELETED", { ...before, metadata }),
    };
  };

  const matching: ApiServer["matching"] = ({ path, query }) => {
    const { resource } = targetOf(path);
    return [...objects].flatMap(([key, object]) =>
      key.startsWith(`${resource} `) && isMatching(path, query, object) ? [object] : [],
    );
  };
  const answer: ApiServer["answer"] = ({ method, path, query, body }) => {
    const target = targetOf(path);
    const { resource, namespace, name } = target;
    if (path === "/version") return { code: 200, body: { major: "1", minor: "37", gitVersion: "v1.37.0" } };
    if (resource === "") return { code: 200, body: { resources: [{ name: "registrycredentials" }] } };
    if (method === "POST" && query["dryRun"] === "All") {
      const { metadata } = body as PlayedObject;
      const isThere = objects.has(
        keyOf(resource, namespace === undefined ? metadata.name : `${namespace}/${metadata.name}`),
      );
      return isThere ? statusError(409, "AlreadyExists") : { code: 201, body };
    }
    if (method === "POST") return createIn(target, body);
    if (name === undefined)
      return { code: 200, body: { metadata: { resourceVersion: String(version) }, items: matching({ path, query }) } };
    const before = objects.get(keyOf(resource, namespace === undefined ? name : `${namespace}/${name}`));
    if (!before) return statusError(404, "NotFound");
    if (method === "PUT" && query["dryRun"] === "All") return { code: 200, body };
    if (method === "PUT") return write(target, before, body);
    if (method === "PATCH") return write(target, before, versioned(merged(before, body), body));
    if (method === "DELETE") return remove(target, before, body);
    return { code: 200, body: before };
  };
  const byPerson = (method: string, resource: string, place: string, body: object): PlayedObject => {
    const [first = "", second] = place.split("/");
    const scope = second === undefined ? "" : `/namespaces/${first}`;
    const name = method === "POST" ? "" : `/${second ?? first}`;
    const subresource = method === "PATCH" && "status" in body ? "/status" : "";
    const path = `${groups[resource]}${scope}/${resource}${name}${subresource}`;
    const answered = answer({ method, path, query: {}, body: body as Json });
    if (answered.code > 299) throw new Error(`${method} ${path}: ${JSON.stringify(answered.body)}`);
    return answered.body as PlayedObject;
  };

  return {
    answer,
    matching,
    watch: ({ path, query }, since, tell, broken = () => undefined) => {
      const { resource } = targetOf(path);
      const reported = (change: Change): void => {
        if (change.resource === resource && isMatching(path, query, change.object)) tell(change);
      };
      for (const change of history) if (change.version > since) reported(change);
      watchers.set(reported, broken);
      return () => watchers.delete(reported);
    },
    backUp: () => {
      const backup = { objects: [...objects], version, changes: history.length };
      return (watches = "broken") => {
        objects.clear();
        for (const [key, object] of backup.objects) objects.set(key, object);
        ({ version } = backup);
        history.length = backup.changes;
        if (watches === "silent") watchers.clear();
        else for (const broken of watchers.values()) broken();
      };
    },
    version: () => version,
    get: (resource, place) => objects.get(keyOf(resource, place)),
    list: (resource) => [...objects].flatMap(([key, object]) => (key.startsWith(`${resource} `) ? [object] : [])),
    create: (object) => {
      const { kind, metadata } = object as PlayedObject;
      return byPerson("POST", resourceOf[kind] ?? "", placeOf({ metadata } as PlayedObject), object);
    },
    patch: (resource, place, patch) => void byPerson("PATCH", resource, place, patch),
    remove: (resource, place) => void byPerson("DELETE", resource, place, {}),
  };
}

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

function placeOf({ metadata: { namespace, name } }: PlayedObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function isMatching(path: string, query: Call["query"], { metadata }: PlayedObject): boolean {
  const { namespace } = targetOf(path);
  const [, name] = /^metadata\.name=(.*)$/.exec(query["fieldSelector"] ?? "") ?? [];
  const [key = "", value] = (query["labelSelector"] ?? "").split("=");
  return (
    (namespace === undefined || namespace === metadata.namespace) &&
    (name === undefined || name === metadata.name) &&
    (value === undefined || metadata.labels?.[key] === value)
  );
}

/** A Status as the API server writes it. */
export function statusError(code: number, reason: string, details: object = {}, message = reason): Answer {
  return { code, body: { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details } };
}

/** A patch without a version is for whatever is there. */
function versioned(after: Json, patch: Json): Json {
  const { resourceVersion } = (patch["metadata"] ?? {}) as { readonly resourceVersion?: string };
  return { ...after, metadata: { ...(after as PlayedObject).metadata, resourceVersion } };
}

/** RFC 7396. */
function merged(target: unknown, patch: Json): Json {
  const result: Record<string, unknown> = { ...(isMap(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = isMap(value) ? merged(result[key], value) : value;
  }
  return result;
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
