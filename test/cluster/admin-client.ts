// A client by which a test, the demo or the bench acts as the cluster's administrator, apart from the operator's own client.
import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";
import type { ControlPlane } from "./control-plane.ts";

/** Any Kubernetes object, as it is on the wire. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly creationTimestamp?: string;
  };
  readonly [field: string]: unknown;
}

/** An answer outside 2xx, told by its HTTP status. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: number;

  constructor(code: number, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export interface AdminClient {
  /** Undefined on 404. */
  get(path: string): Promise<KubeObject | undefined>;
  list(path: string): Promise<readonly KubeObject[]>;
  create(path: string, body: object): Promise<KubeObject>;
  replace(path: string, body: object): Promise<KubeObject>;
  /** A JSON merge patch. */
  patch(path: string, body: object): Promise<KubeObject>;
  /** Resolves as well when it is gone already. */
  remove(path: string, options?: object): Promise<void>;
  close(): Promise<void>;
}

// Far above what any of these calls takes, even on a machine that builds Kubernetes beside it.
const timeout = 60_000;

export async function adminClient({
  server,
  caFile,
  adminToken,
}: Pick<ControlPlane, "server" | "caFile" | "adminToken">): Promise<AdminClient> {
  const agent = new Agent({
    connections: 32,
    connect: { ca: await readFile(caFile) },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
  const call = async (
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
  ): Promise<unknown> => {
    const answer = await request(`${server}${path}`, {
      method,
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${adminToken}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Refused(answer.statusCode, messageIn(text));
    return JSON.parse(text);
  };
  const missing = (error: unknown): undefined => {
    if (error instanceof Refused && error.code === 404) return undefined;
    throw error;
  };
  return {
    get: (path) => call("GET", path).then((object) => object as KubeObject, missing),
    list: async (path) => ((await call("GET", path)) as { items: KubeObject[] }).items,
    create: async (path, body) => (await call("POST", path, body)) as KubeObject,
    replace: async (path, body) => (await call("PUT", path, body)) as KubeObject,
    patch: async (path, body) => (await call("PATCH", path, body)) as KubeObject,
    remove: async (path, options) => {
      await call("DELETE", path, options).catch(missing);
    },
    close: () => agent.close(),
  };
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
