// The baseline: a client that only writes. It prepares every body beforehand, sends sixteen at a time, and decides nothing.
import { readFileSync } from "node:fs";
import { Pool } from "undici";
import { answerParent } from "./answer-parent.ts";
import type { Access } from "./stage.ts";

/** A Secret without its namespace. */
export interface SecretTemplate {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export type BareRequest =
  | { readonly kind: "open"; readonly access: Access }
  /** Makes the bodies of POSTs, one for each namespace. */
  | { readonly kind: "prepareCreate"; readonly namespaces: readonly string[]; readonly secret: SecretTemplate }
  /** Makes the bodies of PUTs, from its own list for the first time, then from the answers. */
  | { readonly kind: "prepareReplace"; readonly secret: SecretTemplate }
  /** Makes merge patches that add a reference to each ServiceAccount of its own list. */
  | { readonly kind: "prepareReferences"; readonly namespaces: readonly string[]; readonly reference: string }
  /** Makes merge patches that take the reference from each ServiceAccount of its own list, and after them the DELETEs. */
  | {
      readonly kind: "prepareDeletion";
      readonly namespaces: readonly string[];
      readonly name: string;
      readonly reference: string;
    }
  /** Sends what was prepared. */
  | { readonly kind: "go" };

interface Prepared {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly key: string;
  readonly body: string | null;
}

interface Listed {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string };
  readonly imagePullSecrets?: readonly Reference[];
}

interface Reference {
  readonly name?: string;
}

// As many as the operator's: src/runtime/client/pools.ts.
const connections = 16;

let pool: Pool | undefined;
let authorization = "";
let prepared: readonly Prepared[] = [];
/** By namespace, of the Secrets. */
const versions = new Map<string, string>();

async function exchange(method: "GET" | Prepared["method"], path: string, body: string | null): Promise<string> {
  if (!pool) throw new Error("not open yet");
  const answer = await pool.request({
    method,
    path,
    body,
    headers: {
      authorization,
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    },
  });
  const text = await answer.body.text();
  if (answer.statusCode > 299) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
  return text;
}

async function listed(path: string): Promise<readonly Listed[]> {
  return (JSON.parse(await exchange("GET", path, null)) as { items: Listed[] }).items;
}

async function prepareReplace(secret: SecretTemplate): Promise<void> {
  const { name } = secret.metadata;
  if (versions.size === 0) {
    for (const { metadata } of await listed(`/api/v1/secrets?fieldSelector=metadata.name%3D${name}`)) {
      versions.set(metadata.namespace, metadata.resourceVersion);
    }
  }
  prepared = [...versions].map(([namespace, resourceVersion]) => ({
    method: "PUT",
    path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
    key: namespace,
    body: JSON.stringify({ ...secret, metadata: { ...secret.metadata, namespace, resourceVersion } }),
  }));
}

/** Of each ServiceAccount in these namespaces, with what becomes of its references. */
async function patches(
  namespaces: readonly string[],
  changed: (references: readonly Reference[]) => readonly Reference[],
): Promise<readonly Prepared[]> {
  const wanted = new Set(namespaces);
  const accounts = await listed("/api/v1/serviceaccounts");
  return accounts
    .filter(({ metadata }) => wanted.has(metadata.namespace))
    .map(({ metadata: { namespace, name, resourceVersion }, imagePullSecrets = [] }) => ({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
      key: namespace,
      body: JSON.stringify({ metadata: { resourceVersion }, imagePullSecrets: changed(imagePullSecrets) }),
    }));
}

async function go(): Promise<void> {
  const waiting = prepared.values();
  const work = async (): Promise<void> => {
    for (const { method, path, key, body } of waiting) {
      const text = await exchange(method, path, body);
      if (method !== "PUT") continue;
      const version = /"resourceVersion":"(\d+)"/.exec(text)?.[1];
      if (version !== undefined) versions.set(key, version);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
}

answerParent(async (request: BareRequest) => {
  switch (request.kind) {
    case "open":
      authorization = `Bearer ${request.access.adminToken}`;
      pool = new Pool(request.access.server, {
        connections,
        pipelining: 1,
        allowH2: false,
        connect: { ca: readFileSync(request.access.caFile) },
      });
      return;
    case "prepareCreate":
      prepared = request.namespaces.map((namespace) => ({
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/secrets`,
        key: namespace,
        body: JSON.stringify({ ...request.secret, metadata: { ...request.secret.metadata, namespace } }),
      }));
      return;
    case "prepareReplace":
      await prepareReplace(request.secret);
      return;
    case "prepareReferences": {
      const { namespaces, reference } = request;
      prepared = await patches(namespaces, (references) => [...references, { name: reference }]);
      return;
    }
    case "prepareDeletion": {
      const { namespaces, name, reference } = request;
      const deletes = namespaces.map((namespace): Prepared => ({
        method: "DELETE",
        path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
        key: namespace,
        body: null,
      }));
      const without = await patches(namespaces, (references) => references.filter((each) => each.name !== reference));
      prepared = [...without, ...deletes];
      return;
    }
    case "go":
      await go();
      return;
  }
});
