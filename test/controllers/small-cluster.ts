// The controllers on a small cluster, with their own queue and stores, in virtual time: a cluster in memory whose lists can be
// held back, and operators that start, crash and start again on it.
import { ApiError } from "../../src/runtime/client/api-error.ts";
import type {
  Body,
  ClusterApi,
  ClusterObject,
  SecretObject,
  ServiceAccountObject,
} from "../../src/cluster/cluster-api.ts";
import { clusterStores } from "../../src/cluster/cluster-stores.ts";
import { tokenKey } from "../../src/controllers/keys.ts";
import type { SecretRecord } from "../../src/cluster/records.ts";
import { runWorkers } from "../../src/runtime/queue/run-workers.ts";
import { workQueue } from "../../src/runtime/queue/work-queue.ts";
import type { Context } from "../../src/controllers/context.ts";
import { derive } from "../../src/operator/context.ts";
import { regcredControllers } from "../../src/controllers/index.ts";
import { inMemoryContext } from "./in-memory-context.ts";
import { storeAllMembers } from "../../src/controllers/members/apply.ts";
import type { Feed } from "../../src/runtime/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";

const thrown = (error: unknown): never => {
  throw error;
};

const operatorNamespace = "regcred-system";

type Kind = "credentials" | "namespaces" | "serviceAccounts" | "secrets";
type Raw = ClusterObject & Readonly<Record<string, unknown>>;
interface AnyFeed {
  observed(raw: Raw): void;
  vanished(key: string, resourceVersion: string): void;
}

const never = new AbortController().signal;
const silent = (): void => undefined;
const fails = (what: string): never => {
  throw new Error(what);
};

export function smallCluster() {
  const clock = fakeClock();
  const objects: Record<Kind, Map<string, Raw>> = {
    credentials: new Map(),
    namespaces: new Map(),
    serviceAccounts: new Map(),
    secrets: new Map(),
  };
  const writes: string[] = [];
  /** Names of pull Secrets whose list fails. */
  const hidden = new Set<string>();
  let version = 1;
  let uids = 0;
  let running: Running | undefined;

  const put = (kind: Kind, object: object, uid?: string): Raw => {
    version += 1;
    const { metadata, ...rest } = structuredClone(object) as ClusterObject;
    const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    const before = objects[kind].get(key);
    const made = {
      uid: uid ?? before?.metadata.uid ?? `${kind}-${(uids += 1)}`,
      creationTimestamp: before?.metadata.creationTimestamp ?? clock.now().toString(),
    };
    const after = { ...rest, metadata: { ...metadata, ...made, resourceVersion: String(version) } } as Raw;
    objects[kind].set(key, after);
    for (const feed of running?.feedsOf(kind, key) ?? []) feed.observed(after);
    return after;
  };
  const remove = (kind: Kind, key: string): void => {
    if (!objects[kind].delete(key)) return;
    version += 1;
    for (const feed of running?.feedsOf(kind, key) ?? []) feed.vanished(key, String(version));
  };
  const replace = (kind: Kind, key: string, body: Body): Raw => {
    const raw = parsed(body);
    const before = objects[kind].get(key);
    if (!before) throw refused("notFound", 404);
    const asked = raw.metadata.resourceVersion;
    if (asked !== undefined && asked !== before.metadata.resourceVersion) throw refused("conflict", 409);
    return put(kind, raw, before.metadata.uid);
  };
  const patch = (kind: Kind, key: string, body: Body): Raw => {
    const before = objects[kind].get(key);
    if (!before) throw refused("notFound", 404);
    const generation = before.metadata.generation;
    const after = replace(kind, key, merged(before, body) as Raw);
    return generation === undefined ? after : put(kind, { ...after, metadata: { ...after.metadata, generation } });
  };
  const written = <T>(what: string, answer: T): T => {
    writes.push(what);
    return answer;
  };
  const api: ClusterApi = {
    getSecret: async (namespace, name) => objects.secrets.get(`${namespace}/${name}`) as SecretObject | undefined,
    createSecret: async (namespace, body) => {
      const raw = parsed(body);
      const key = `${namespace}/${raw.metadata.name}`;
      if (objects.secrets.has(key)) throw refused("alreadyExists", 409);
      return written(`create ${key}`, put("secrets", raw) as unknown as SecretObject);
    },
    tryCreateSecret: async () => undefined,
    replaceSecret: async (namespace, name, body) =>
      written(
        `replace ${namespace}/${name}`,
        replace("secrets", `${namespace}/${name}`, body) as unknown as SecretObject,
      ),
    deleteSecret: async (namespace, name) =>
      written(`delete ${namespace}/${name}`, remove("secrets", `${namespace}/${name}`)),
    getServiceAccount: async (namespace, name) => objects.serviceAccounts.get(`${namespace}/${name}`),
    patchServiceAccount: async (namespace, name, body) =>
      written(
        `patch ${namespace}/${name}`,
        patch("serviceAccounts", `${namespace}/${name}`, body) as unknown as ServiceAccountObject,
      ),
    patchCredential: async (name, body) => {
      const after = written(`patch ${name}`, patch("credentials", name, body));
      const { deletionTimestamp, finalizers = [] } = after.metadata;
      if (deletionTimestamp !== undefined && finalizers.length === 0) remove("credentials", name);
      return after;
    },
    patchCredentialStatus: async (name, body) => written(`status ${name}`, patch("credentials", name, body)),
    createEvent: async (_namespace, body) => parsed(body),
    patchEvent: async () => undefined,
    evictPod: async () => undefined,
  };

  const start = async (): Promise<Context> => {
    running = operatorOn({ clock, objects, api, hidden, version: () => String(version) });
    await settle();
    return running.context;
  };
  const settle = async (): Promise<void> => {
    for (let idle = 0; idle < 5; idle = running?.idle() === false ? 0 : idle + 1) await clock.advance();
  };
  return {
    clock,
    writes,
    hidden,
    start,
    /** Of the operator that runs. */
    context: (): Context => running?.context ?? fails("no operator runs"),
    /** What of the record of members was about to be stored is, as at an end in good order. */
    stop: async (): Promise<void> => {
      if (running) await storeAllMembers(running.context, never);
      running?.stop();
      running = undefined;
    },
    /** Watches that were held back begin. */
    show: async (name: string): Promise<void> => {
      hidden.delete(name);
      running?.list(name);
      await settle();
    },
    /** As after a watch that has broken. */
    listAgain: (name: string): void => running?.listAgain(name),
    settle,
    pass: async (duration: Temporal.DurationLike): Promise<void> => {
      await clock.advance(Temporal.Duration.from(duration));
      await settle();
    },
    namespaces: (...names: readonly string[]): void => {
      for (const name of names) {
        put("namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
        put("serviceAccounts", {
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { namespace: name, name: "default" },
        });
      }
    },
    source: (name: string, password: string): void => {
      const data = { username: btoa("ann"), password: btoa(password) };
      put("secrets", {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: operatorNamespace, name },
        type: "kubernetes.io/basic-auth",
        data,
      });
    },
    credential: (name: string, spec: object, metadata: object = {}): void => {
      const before = objects.credentials.get(name);
      const about = { ...before?.metadata, ...metadata, name, generation: (before?.metadata.generation ?? 0) + 1 };
      const { resourceVersion: _, ...kept } = about as typeof about & { resourceVersion?: string };
      put("credentials", {
        ...before,
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: kept,
        spec,
      });
    },
    /** Without its finalizer it is gone at once. */
    transform: (name: string): void => remove("credentials", name),
    put: (kind: Kind, object: object): void => void put(kind, object),
    edit: (kind: Kind, key: string, change: object): void => void patch(kind, key, change),
    remove,
    get: (kind: Kind, key: string): Raw | undefined => objects[kind].get(key),
    keys: (kind: Kind): readonly string[] => [...objects[kind].keys()],
    /** Passwords by host in a pull Secret; undefined: there is none. */
    passwords: (namespace: string, name = "regcred"): Readonly<Record<string, string>> | undefined => {
      const raw = objects.secrets.get(`${namespace}/${name}`) as SecretObject | undefined;
      if (!raw) return undefined;
      const { auths } = JSON.parse(atob(raw.data?.[".dockerconfigjson"] ?? "")) as {
        auths: Record<string, { password: string }>;
      };
      return Object.fromEntries(Object.entries(auths).map(([host, { password }]) => [host, password]));
    },
    /** Token Secrets. */
    tokens: (): number => [...objects.secrets.values()].filter(({ type }) => type === "regcred.dev/token").length,
    conditions: (name: string): Readonly<Record<string, string>> => {
      const status = objects.credentials.get(name)?.["status"] as
        | { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] }
        | undefined;
      return Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason]));
    },
  };
}

interface Running {
  readonly context: Context;
  readonly feedsOf: (kind: Kind, key: string) => readonly AnyFeed[];
  /** The first list of the Secrets of this name. */
  readonly list: (name: string) => void;
  /** A later one, as of a watch that has broken. */
  readonly listAgain: (name: string) => void;
  readonly idle: () => boolean;
  readonly stop: () => void;
}

interface OperatorParts {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly objects: Record<Kind, Map<string, Raw>>;
  readonly api: ClusterApi;
  readonly hidden: ReadonlySet<string>;
  readonly version: () => string;
}

function operatorOn({ clock, objects, api, hidden, version }: OperatorParts): Running {
  const log = { debug: silent, info: silent, warn: silent, error: fails };
  const known = clusterStores(log, "0.0.0");
  const { stores, transforms } = known;
  const derived = derive(known, clock, operatorNamespace, thrown);
  const { index } = derived.credentials;
  const random = (): number => 0.5;
  const queue = workQueue({ clock, random });
  const tokenQueue = workQueue({ clock, random });
  derived.unused.subscribe((grantKey) => tokenQueue.add(tokenKey(grantKey), { lane: "bulk" }));
  const secretFeeds = new Map<string, Feed<SecretRecord>>();
  const listed = new Set<string>();
  const context = inMemoryContext(derived, {
    namespace: operatorNamespace,
    log,
    metrics: { publish: silent, forget: silent },
    api,
    namesSynced: (name) => listed.has(name),
    tenants: queue,
    tokens: tokenQueue,
  });
  const feeds = {
    credentials: stores.credentials.feed(),
    namespaces: stores.namespaces.feed(),
    serviceAccounts: stores.serviceAccounts.feed(),
    operatorSecrets: stores.operatorSecrets.feed(),
  };
  const through = <R>(
    feed: { vanished(key: string, resourceVersion: string): void; observed(record: R): void },
    transform: (raw: unknown) => R | undefined,
  ): AnyFeed => ({
    observed: (raw) => {
      const record = transform(raw);
      if (record !== undefined) feed.observed(record);
    },
    vanished: (key, resourceVersion) => feed.vanished(key, resourceVersion),
  });
  const feedsOf = (kind: Kind, key: string): readonly AnyFeed[] => {
    if (kind !== "secrets") {
      const by = {
        credentials: () => through(feeds.credentials, transforms.credential),
        namespaces: () => through(feeds.namespaces, transforms.namespace),
        serviceAccounts: () => through(feeds.serviceAccounts, transforms.serviceAccount),
      };
      return [by[kind]()];
    }
    const [namespace, name = ""] = key.split("/");
    const ofName = secretFeeds.get(name);
    return [
      ...(namespace === operatorNamespace ? [through(feeds.operatorSecrets, transforms.operatorSecret)] : []),
      ...(ofName && listed.has(name) ? [through(ofName, transforms.secret)] : []),
    ];
  };
  const fill = (
    feed: Pick<Feed<SecretRecord>, "begin" | "completed">,
    kind: Kind,
    matches: (key: string) => boolean,
  ): void => {
    feed.begin();
    for (const [key, raw] of objects[kind]) {
      if (matches(key)) for (const each of feedsOf(kind, key)) each.observed(raw);
    }
    feed.completed(version());
  };
  const listAgain = (name: string): void => {
    const feed = secretFeeds.get(name);
    if (feed && listed.has(name)) fill(feed, "secrets", (key) => key.endsWith(`/${name}`));
  };
  const list = (name: string): void => {
    if (!secretFeeds.has(name) || hidden.has(name)) return;
    listed.add(name);
    listAgain(name);
    context.queue.signals.secretsCalled.tell({ name });
  };
  const watchNames = (): void => {
    const names = new Set(index.names());
    for (const [name, feed] of secretFeeds) {
      if (names.has(name)) continue;
      feed.close();
      secretFeeds.delete(name);
      listed.delete(name);
    }
    for (const name of names) {
      if (secretFeeds.has(name)) continue;
      secretFeeds.set(
        name,
        stores.pullSecrets.feed((key) => key.endsWith(`/${name}`)),
      );
      list(name);
    }
  };
  fill(feeds.credentials, "credentials", () => true);
  fill(feeds.namespaces, "namespaces", () => true);
  fill(feeds.serviceAccounts, "serviceAccounts", () => true);
  fill(feeds.operatorSecrets, "secrets", (key) => key.startsWith(`${operatorNamespace}/`));
  const { begin, run } = regcredControllers(context);
  index.onNames(watchNames);
  begin();
  const each = {
    run,
    concurrency: 4,
    deadline: Temporal.Duration.from({ minutes: 1 }),
    clock,
    onError: (key: string, error: unknown) => fails(`${key}: ${String(error)}`),
  };
  const workers = [runWorkers({ ...each, queue }), runWorkers({ ...each, queue: tokenQueue })];
  watchNames();
  return {
    context,
    feedsOf,
    list,
    listAgain,
    idle: () => queue.idle() && tokenQueue.idle(),
    stop: () => {
      queue.close();
      tokenQueue.close();
      void workers;
    },
  };
}

function parsed(body: Body): Raw {
  return (typeof body === "string" ? JSON.parse(body) : structuredClone(body)) as Raw;
}

function refused(kind: ApiError["kind"], code: number): ApiError {
  return new ApiError({ kind, code, details: { causes: [] }, message: kind });
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof target === "object" && !Array.isArray(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
