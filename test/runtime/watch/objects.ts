// The objects of these tests, raw and transformed.
import type { StoredObject } from "../../../src/runtime/watch/object-meta.ts";
import type { WatchEvent } from "../../../src/runtime/watch/list-watch.ts";
import { identityOf } from "../../../src/runtime/watch/object-meta.ts";

export interface Thing extends StoredObject {
  readonly namespace: string;
}

/** A stored record; `key` is `namespace/name` or `name`. */
export function thing(key: string, resourceVersion: number | string): Thing {
  return { key, resourceVersion: String(resourceVersion), namespace: key.split("/")[0] ?? "" };
}

export function rawThing(key: string, resourceVersion: number | string): unknown {
  const [namespace, name] = key.includes("/") ? key.split("/") : [undefined, key];
  return {
    metadata: { ...(namespace && { namespace }), name, uid: `uid of ${key}`, resourceVersion: String(resourceVersion) },
  };
}

export function transformThing(raw: unknown): Thing {
  const { key, resourceVersion } = identityOf(raw);
  return thing(key, resourceVersion);
}

export function event(
  type: "ADDED" | "MODIFIED" | "DELETED",
  key: string,
  resourceVersion: number | string,
): WatchEvent {
  return { type, object: rawThing(key, resourceVersion) };
}

export function bookmark(resourceVersion: number | string): WatchEvent {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(resourceVersion) } } };
}

/** The bookmark that ends the initial events. */
export function initialEventsEnd(resourceVersion: number | string): WatchEvent {
  return {
    type: "BOOKMARK",
    object: {
      metadata: { resourceVersion: String(resourceVersion), annotations: { "k8s.io/initial-events-end": "true" } },
    },
  };
}

export function errorEvent(code: number, reason: string, retryAfterSeconds?: number): WatchEvent {
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return { type: "ERROR", object: { kind: "Status", status: "Failure", code, reason, ...details } };
}
