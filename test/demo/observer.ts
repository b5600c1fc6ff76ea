// Records what has reached the tenants, and when, through watches of our own, apart from the operator's.
import { systemClock } from "../../src/runtime/clock.ts";
import { listWatch } from "../../src/runtime/client/list-watch.ts";
import { reflector } from "../../src/runtime/watch/reflector.ts";
import { isNotOlder } from "../../src/runtime/watch/resource-version.ts";
import { whole } from "../../src/runtime/client/shape.ts";
import { store } from "../../src/runtime/watch/store.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { ClusterClient } from "./cluster-client.ts";

export interface SeenSecret {
  /** NAMESPACE/NAME, as the reflector calls it too. */
  readonly key: string;
  readonly resourceVersion: string;
  readonly uid: string;
  /** The decoded docker config. */
  readonly config: string;
}

/** A tenant's default ServiceAccount. */
export interface SeenAccount {
  readonly key: string;
  readonly resourceVersion: string;
  readonly references: readonly string[];
}

export interface Wait {
  /** Ends the sentence "waited 60 s in vain for ...". */
  readonly what: string;
  readonly check: () => boolean;
  /** What is the case instead, for the message. */
  readonly seen?: () => string;
}

export interface Observer {
  secret(namespace: string): SeenSecret | undefined;
  account(namespace: string): SeenAccount | undefined;
  /** Resolves in the same instant in which a watch event makes it true. Rejects after 60 s, or with the signal's reason. */
  until(wait: Wait): Promise<void>;
  stop(): Promise<void>;
}

export interface ObserverOptions {
  readonly client: ClusterClient;
  /** Only namespaces that begin so are looked at. */
  readonly prefix: string;
  readonly pullSecret: string;
  readonly signal: AbortSignal;
  /** Why no wait can succeed any more, if so. */
  readonly broken: () => string | undefined;
}

// The slowest step, 1,000 namespaces on two busy cores, takes a third of it.
const limit = Temporal.Duration.from({ seconds: 60 });
// How soon a dead operator is noticed.
// Nothing in the demo is larger than 64 KiB.
const longestObject = 64 * 1024;
const pulse = Temporal.Duration.from({ milliseconds: 250 });

/** Resolves when both watches have shown what is there. */
export async function observer({ client, prefix, pullSecret, signal, broken }: ObserverOptions): Promise<Observer> {
  const clock = systemClock();
  const secrets = store<SeenSecret>();
  const accounts = store<SeenAccount>();
  const named = (path: string, name: string) =>
    listWatch(client.api, {
      path,
      query: { fieldSelector: `metadata.name=${name}` },
      keeps: () => whole(longestObject),
    });
  const ofTenant =
    <R>(read: (object: KubeObject, key: string) => R) =>
    (raw: unknown): R | undefined => {
      const object = raw as KubeObject;
      return object.metadata.namespace?.startsWith(prefix)
        ? read(object, `${object.metadata.namespace}/${object.metadata.name}`)
        : undefined;
    };
  const watches = [
    reflector({
      listWatch: named("/api/v1/secrets", pullSecret),
      store: secrets,
      transform: ofTenant(seenSecret),
      clock,
      random: Math.random,
    }),
    reflector({
      listWatch: named("/api/v1/serviceaccounts", "default"),
      store: accounts,
      transform: ofTenant(seenAccount),
      clock,
      random: Math.random,
    }),
  ];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const each of waiting) each();
  };
  secrets.subscribe(look);
  accounts.subscribe(look);
  for (const each of watches) each.start();

  const until: Observer["until"] = async ({ what, check, seen }) => {
    signal.throwIfAborted();
    const over = Promise.withResolvers<void>();
    const end = clock.elapsed() + limit.total("milliseconds");
    const instead = (): string => (seen ? `; seen: ${seen()}` : "");
    const attempt = (): void => {
      if (check()) over.resolve();
    };
    const beat = setInterval(() => {
      const reason = broken();
      attempt();
      if (reason !== undefined) over.reject(new Error(`${reason}, while waiting for ${what}${instead()}`));
      if (clock.elapsed() > end)
        over.reject(new Error(`waited ${limit.total("seconds")} s in vain for ${what}${instead()}`));
    }, pulse.total("milliseconds"));
    const onAbort = (): void => over.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    waiting.add(attempt);
    try {
      attempt();
      await over.promise;
    } finally {
      waiting.delete(attempt);
      signal.removeEventListener("abort", onAbort);
      clearInterval(beat);
    }
  };
  await until({
    what: "the API server to show Secrets and ServiceAccounts",
    check: () => watches.every((each) => each.hasSynced()),
  });
  return {
    secret: (namespace) => secrets.get(`${namespace}/${pullSecret}`),
    account: (namespace) => accounts.get(`${namespace}/default`),
    until,
    stop: async () => {
      await Promise.all(watches.map((each) => each.stop()));
    },
  };
}

/** The account was seen as `resourceVersion` left it, or later. */
export function seenSince(account: SeenAccount | undefined, resourceVersion: string | undefined): boolean {
  return account !== undefined && isNotOlder(account.resourceVersion, resourceVersion ?? "");
}

function seenSecret(object: KubeObject, key: string): SeenSecret {
  const { uid = "", resourceVersion = "" } = object.metadata;
  const encoded = (object["data"] as Readonly<Record<string, string>> | undefined)?.[".dockerconfigjson"] ?? "";
  return { key, uid, resourceVersion, config: Buffer.from(encoded, "base64").toString() };
}

function seenAccount(object: KubeObject, key: string): SeenAccount {
  return { key, resourceVersion: object.metadata.resourceVersion ?? "", references: referencesOf(object) };
}

/** The names in a ServiceAccount's imagePullSecrets. */
export function referencesOf(account: KubeObject): readonly string[] {
  return ((account["imagePullSecrets"] ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
