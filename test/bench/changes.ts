// The times at which changes become visible: a watch of one kind of object, with the time at which each event arrived.
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { jsonLines } from "../../src/runtime/client/json-lines.ts";
import { whole } from "../../src/runtime/client/shape.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { patience } from "./patience.ts";
import type { Access } from "./stage.ts";

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** What one waits for: the namespace, or the object where several of a namespace count. */
  readonly key: string;
  readonly object: KubeObject;
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

export interface Seen {
  /** Arrival of the first event that was waited for, and of the last. */
  readonly first: number;
  readonly last: number;
}

export interface Changes {
  /**
   * Resolves when each of the keys has had an event that `fits`, from now on; rejects after the `patience` for so many.
   * Only the first such event of a key counts.
   */
  allOf(what: string, keys: readonly string[], fits: (change: Change) => boolean): Promise<Seen>;
  close(): Promise<void>;
}

const longestEvent = 2 * 1024 * 1024;

type KeyOf = (object: KubeObject) => string;

const namespaceOf: KeyOf = ({ metadata }) => metadata.namespace ?? metadata.name;

export interface ChangesOptions {
  /** Default: the namespace. */
  readonly keyOf?: KeyOf;
  /** How many logins each Secret holds that is written for it. */
  readonly logins: number;
}

/** `path` with its query, but without that of the watch. Resolves when the watch is open. */
export async function changesOf(
  { server, caFile, adminToken }: Access,
  path: string,
  { keyOf = namespaceOf, logins }: ChangesOptions,
): Promise<Changes> {
  const agent = new Agent({ connect: { ca: readFileSync(caFile) }, bodyTimeout: 0 });
  const listeners = new Set<(change: Change) => void>();
  let resourceVersion: string | undefined;
  const closing = new AbortController();
  let broken: Error | undefined;

  const open = async (): Promise<AsyncIterable<Buffer>> => {
    const query = new URLSearchParams({ watch: "true", timeoutSeconds: "7200" });
    if (resourceVersion !== undefined) query.set("resourceVersion", resourceVersion);
    const answer = await request(`${server}${path}${path.includes("?") ? "&" : "?"}${query.toString()}`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${adminToken}` },
    });
    if (answer.statusCode !== 200) throw new Error(`the watch of ${path} was answered with ${answer.statusCode}`);
    return answer.body;
  };
  const read = async (body: AsyncIterable<Buffer>): Promise<void> => {
    const lines = jsonLines(
      () => whole(longestEvent),
      (event) => {
        const at = performance.now();
        const { type, object } = event as { type: Change["type"] | "ERROR"; object: KubeObject };
        if (type === "ERROR") throw new Error(`the watch of ${path} failed: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion;
        const change = { type, object, key: keyOf(object), at };
        for (const listener of listeners) listener(change);
      },
    );
    for await (const piece of body) lines.write(piece);
  };
  const follow = async (first: AsyncIterable<Buffer>): Promise<void> => {
    // The API server drops a watch that does not keep up (its buffer for one name is ten events): it goes on where it was.
    for (let body = first; !closing.signal.aborted; body = await open()) await read(body);
  };
  const following = follow(await open()).catch((error: unknown) => {
    broken = error instanceof Error ? error : new Error(String(error));
  });

  return {
    allOf: (what, keys, fits) => {
      const missing = new Set(keys);
      const limit = patience(missing.size, logins);
      let first: number | undefined;
      return new Promise((resolve, reject) => {
        const finish = (): void => {
          clearTimeout(timer);
          listeners.delete(listener);
        };
        const timer = setTimeout(() => {
          finish();
          const examples = [...missing].slice(0, 3).join(", ");
          reject(
            broken ??
              new Error(
                `waited ${limit.total("seconds")} s for ${what}; ${missing.size} are missing, such as ${examples}`,
              ),
          );
        }, limit.total("milliseconds"));
        const listener = (change: Change): void => {
          if (!missing.has(change.key) || !fits(change)) return;
          missing.delete(change.key);
          first ??= change.at;
          if (missing.size > 0) return;
          finish();
          resolve({ first, last: change.at });
        };
        listeners.add(listener);
      });
    },
    close: async () => {
      closing.abort();
      await agent.destroy();
      await following;
    },
  };
}

/** Of a ServiceAccount. */
export function refersTo(object: KubeObject, secret: string): boolean {
  const references = object["imagePullSecrets"] as readonly { readonly name?: string }[] | undefined;
  return references?.some(({ name }) => name === secret) === true;
}
