// How do the loops' reads and writes look on the wire?
import { group, managedBy, plural, version } from "../api/names.ts";
import { ApiError } from "./api-error.ts";
import type { Body, ClusterApi, ClusterObject, SecretObject, ServiceAccountObject } from "./cluster-api.ts";
import { resourcePath } from "./resource-path.ts";
import type { ApiRequest, Transport } from "./transport.ts";

// Short, so that no write lands long after its reason: `timeout` makes the server give up as well.
const deadline = Temporal.Duration.from({ seconds: 5 });
const mergePatch = "application/merge-patch+json";

const secrets = (namespace: string, name?: string): string =>
  resourcePath({ group: "", version: "v1", resource: "secrets", namespace, name });
const serviceAccount = (namespace: string, name: string): string =>
  resourcePath({ group: "", version: "v1", resource: "serviceaccounts", namespace, name });
const eviction = (namespace: string, name: string): string =>
  resourcePath({ group: "", version: "v1", resource: "pods", namespace, name, subresource: "eviction" });
const credential = (name: string, subresource?: string): string =>
  resourcePath({ group, version, resource: plural, name, subresource });
const events = (namespace: string, name?: string): string =>
  resourcePath({ group: "events.k8s.io", version: "v1", resource: "events", namespace, name });

/** Prepared JSON over the transport; nothing is copied through client-node's models, which drop what they do not know. */
export function clusterObjects(transport: Transport): ClusterApi {
  const read = async <T>(path: string, signal: AbortSignal | undefined): Promise<T | undefined> => {
    try {
      return (await transport.request({ method: "GET", path, deadline, signal })).json() as T;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  const write = async <T>(
    call: Omit<ApiRequest, "deadline" | "query" | "body"> & { readonly body: Body },
  ): Promise<T> => {
    const body = typeof call.body === "string" ? call.body : JSON.stringify(call.body);
    const answer = await transport.request({ ...call, body, query: { fieldManager: managedBy }, deadline });
    return answer.json() as T;
  };

  return {
    getSecret: (namespace, name, signal) => read<SecretObject>(secrets(namespace, name), signal),
    createSecret: (namespace, body, signal) =>
      write<SecretObject>({ method: "POST", path: secrets(namespace), body, signal }),
    // Guarded by the resourceVersion in the body: when the answer to a first PUT was lost, the second is a conflict, which
    // the next observation clears up.
    replaceSecret: (namespace, name, body, signal) =>
      write<SecretObject>({ method: "PUT", path: secrets(namespace, name), body, signal, idempotent: true }),
    deleteSecret: async (namespace, name, { uid, resourceVersion }, signal) => {
      const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } });
      try {
        await transport.request({
          method: "DELETE",
          path: secrets(namespace, name),
          body,
          deadline,
          signal,
          idempotent: true,
        });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },

    getServiceAccount: (namespace, name, signal) => read<ServiceAccountObject>(serviceAccount(namespace, name), signal),
    patchServiceAccount: (namespace, name, body, signal) =>
      write<ServiceAccountObject>({
        method: "PATCH",
        path: serviceAccount(namespace, name),
        body,
        contentType: mergePatch,
        signal,
        idempotent: true,
      }),

    evictPod: async (namespace, name, uid, signal) => {
      const body = {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace, name },
        deleteOptions: { preconditions: { uid } },
      };
      await write({ method: "POST", path: eviction(namespace, name), body, signal });
    },

    patchCredential: (name, body, signal) =>
      write<ClusterObject>({
        method: "PATCH",
        path: credential(name),
        body,
        contentType: mergePatch,
        signal,
        idempotent: true,
      }),
    patchCredentialStatus: (name, body, signal) =>
      write<ClusterObject>({
        method: "PATCH",
        path: credential(name, "status"),
        body,
        contentType: mergePatch,
        signal,
        idempotent: true,
      }),

    createEvent: (namespace, body, signal) =>
      write<ClusterObject>({ method: "POST", path: events(namespace), body, signal }),
    patchEvent: async (namespace, name, body, signal) => {
      await write({
        method: "PATCH",
        path: events(namespace, name),
        body,
        contentType: mergePatch,
        signal,
        idempotent: true,
      });
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && (error.kind === "notFound" || error.kind === "namespaceNotFound");
}
