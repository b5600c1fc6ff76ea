// A client of a cluster for which the demo has nothing but a kubeconfig.
import { systemClock } from "../../src/runtime/clock.ts";
import { ApiError } from "../../src/runtime/client/api-error.ts";
import type { Connection } from "../../src/runtime/client/connection.ts";
import { type Query, type Transport, transport } from "../../src/runtime/client/transport.ts";
import type { AdminClient, KubeObject } from "../cluster/admin-client.ts";
import type { Table } from "./table.ts";

/** Errors are ApiErrors; every call ends within 30 s. */
export interface ClusterClient extends Omit<AdminClient, "list"> {
  readonly api: Transport;
  list(path: string, query?: Query): Promise<readonly KubeObject[]>;
  /** What would be stored, without storing it. */
  replaceDry(path: string, body: object): Promise<KubeObject>;
  /** What `kubectl get` would print. */
  table(path: string): Promise<Table>;
}

const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** Speaks with the operator's own transport, which knows every kind of credential that a kubeconfig may hold. */
export function clusterClient(connection: Connection): ClusterClient {
  const api = transport({ connection, clock: systemClock(), random: Math.random, userAgent: "regcred-demo" });
  type Call = Parameters<Transport["request"]>[0];
  const call = async (
    method: Call["method"],
    path: string,
    body?: object,
    more: Partial<Call> = {},
  ): Promise<unknown> => {
    const answer = await api.request({ method, path, ...(body && { body: JSON.stringify(body) }), ...more });
    return answer.json();
  };
  const missing = (error: unknown): undefined => {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  };
  return {
    api,
    get: (path) => call("GET", path).then((object) => object as KubeObject, missing),
    list: async (path, query) => ((await call("GET", path, undefined, { query })) as { items: KubeObject[] }).items,
    create: async (path, body) => (await call("POST", path, body)) as KubeObject,
    replace: async (path, body) => (await call("PUT", path, body)) as KubeObject,
    replaceDry: async (path, body) => (await call("PUT", path, body, { query: { dryRun: "All" } })) as KubeObject,
    patch: async (path, body) =>
      (await call("PATCH", path, body, { contentType: "application/merge-patch+json" })) as KubeObject,
    remove: async (path, options) => {
      await call("DELETE", path, options).catch(missing);
    },
    table: async (path) => (await call("GET", path, undefined, { accept: asTable })) as Table,
    close: () => api.close(),
  };
}
