// ClusterApi over the API server in memory.
import { managedBy } from "../../api/names.ts";
import { ApiError } from "../../runtime/client/api-error.ts";
import type { Body, ClusterApi, ClusterObject, SecretObject } from "../cluster-api.ts";
import type { ModelServer, Place } from "./in-memory-server.ts";

const secret = (namespace: string, name: string): Place => ({ resource: "secrets", namespace, name });
const account = (namespace: string, name: string): Place => ({ resource: "serviceaccounts", namespace, name });
const credential = (name: string): Place => ({ resource: "registrycredentials", name });
const event = (namespace: string, name: string): Place => ({ resource: "events", namespace, name });

/** As much as anybody reads of who has written a Secret. */
const ours = { manager: managedBy, operation: "Update", apiVersion: "v1" };

/** What src/cluster/cluster-objects.ts is to a real one. */
export function modelApi(server: ModelServer): ClusterApi {
  return {
    getSecret: async (namespace, name) => server.get(secret(namespace, name)) as SecretObject | undefined,
    createSecret: async (namespace, body) => {
      const object = parsed(body);
      return server.create(secret(namespace, object.metadata.name), writtenByUs(object)) as SecretObject;
    },
    // Nobody here denies anything.
    tryCreateSecret: async () => undefined,
    replaceSecret: async (namespace, name, body) => {
      const place = secret(namespace, name);
      return server.replace(place, writtenByUs(parsed(body), server.get(place)?.metadata)) as SecretObject;
    },
    deleteSecret: async (namespace, name, preconditions) => {
      try {
        server.remove(secret(namespace, name), preconditions);
      } catch (error) {
        if (!(error instanceof ApiError && error.kind === "notFound")) throw error;
      }
    },
    getServiceAccount: async (namespace, name) => server.get(account(namespace, name)),
    patchServiceAccount: async (namespace, name, patch) => server.patch(account(namespace, name), parsed(patch)),
    patchCredential: async (name, patch) => server.patch(credential(name), parsed(patch)),
    patchCredentialStatus: async (name, patch) => server.patch(credential(name), parsed(patch), "status"),
    createEvent: async (namespace, body) => {
      const object = parsed(body);
      return server.create(event(namespace, object.metadata.name), object);
    },
    patchEvent: async (namespace, name, patch) => void server.patch(event(namespace, name), parsed(patch)),
    // It has no pods.
    evictPod: async () => undefined,
  };
}

/** Who else has written it is kept from before, where the body does not say: a PUT without `managedFields` leaves them. */
function writtenByUs({ metadata, ...rest }: ClusterObject, before?: ClusterObject["metadata"]): ClusterObject {
  const others = (metadata.managedFields ?? before?.managedFields ?? []).filter(
    (each) => (each as { readonly manager?: unknown }).manager !== managedBy,
  );
  return { ...rest, metadata: { ...metadata, managedFields: [...others, ours] } };
}

function parsed(body: Body): ClusterObject {
  return (typeof body === "string" ? JSON.parse(body) : body) as ClusterObject;
}
