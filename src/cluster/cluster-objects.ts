// The reads and writes of the controllers, as they go to the API server.
import { managedBy, membersSecretType, tokenSecretType } from "../api/names.ts";
import { kept, limits } from "./object-limits.ts";
import { record, type Shape, text, tooLarge } from "../runtime/client/shape.ts";
import { ApiError, tooLargeError } from "../runtime/client/api-error.ts";
import { boundedReader } from "../runtime/client/bounded-json.ts";
import type { Body, ClusterApi, ClusterObject, SecretObject, ServiceAccountObject } from "./cluster-api.ts";
import { resources } from "./resources.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import type { JsonReader } from "../runtime/client/shaped-json.ts";
import type { ApiRequest, Transport } from "../runtime/client/transport.ts";

// Short, so that no write lands long after its reason: `timeout` makes the server give up as well.
const deadline = Temporal.Duration.from({ seconds: 5 });
const mergePatch = "application/merge-patch+json";

const secrets = (namespace: string, name?: string): string => resourcePath({ ...resources.secrets, namespace, name });
const serviceAccount = (namespace: string, name: string): string =>
  resourcePath({ ...resources.serviceAccounts, namespace, name });
const eviction = (namespace: string, name: string): string =>
  resourcePath({ ...resources.pods, namespace, name, subresource: "eviction" });
const credential = (name: string, subresource?: string): string =>
  resourcePath({ ...resources.credentials, name, subresource });
const events = (namespace: string, name?: string): string => resourcePath({ ...resources.events, namespace, name });

// The default of --max-config-bytes, for commands that write no docker config.
const defaultConfigBytes = 64 * 1024;

// Of an answer that nobody looks at.
const nothing = record({});
// Of an Event of ours, by which it is found again.
const named = record({ metadata: record({ name: text(limits.name), uid: text(limits.word) }) });

/**
 * Prepared JSON over the transport; nothing is copied through client-node's models, which drop what they do not know. Of an
 * answer that is large only that comes which `src/cluster/object-limits.ts` has for its kind.
 */
export function clusterObjects(transport: Transport, maxConfigBytes = defaultConfigBytes): ClusterApi {
  return new ApiServerObjects(transport, maxConfigBytes);
}

/** Types of the Secrets that are the operator's own memory. */
const memoryTypes: ReadonlySet<unknown> = new Set([tokenSecretType, membersSecretType]);

class ApiServerObjects implements ClusterApi {
  readonly #transport;
  readonly #maxConfigBytes;
  readonly #secretAnswer;

  constructor(transport: Transport, maxConfigBytes: number) {
    this.#transport = transport;
    this.#maxConfigBytes = maxConfigBytes;
    this.#secretAnswer = kept.secret(maxConfigBytes);
  }

  readonly #read = async <T>(path: string, shape: Shape, signal: AbortSignal | undefined): Promise<T | undefined> => {
    const reader = (): JsonReader => boundedReader(() => shape);
    try {
      const found = (
        await this.#transport.request({ method: "GET", path, deadline, signal, reader })
      ).json() as ClusterObject;
      if (isTooLarge(found)) throw tooLargeError("it is larger than anything that regcred carries along");
      return found as T;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };

  readonly #write = async <T>(
    shape: Shape,
    call: Omit<ApiRequest, "deadline" | "body" | "reader"> & { readonly body: Body },
  ): Promise<T> => {
    const body = typeof call.body === "string" ? call.body : JSON.stringify(call.body);
    const reader = (): JsonReader => boundedReader(() => shape);
    const answer = await this.#transport.request({
      ...call,
      body,
      query: { fieldManager: managedBy, ...call.query },
      deadline,
      reader,
    });
    return answer.json() as T;
  };

  /** What the operator remembers by is read again from the answer, however long it is. */
  readonly #answerTo = (body: Body): Shape =>
    typeof body !== "string" && memoryTypes.has((body as { readonly type?: unknown }).type)
      ? kept.operatorSecret
      : this.#secretAnswer;

  readonly getSecret: ClusterApi["getSecret"] = (namespace, name, signal) =>
    this.#read<SecretObject>(secrets(namespace, name), kept.liveSecret(this.#maxConfigBytes), signal);

  readonly createSecret: ClusterApi["createSecret"] = (namespace, body, signal) =>
    this.#write<SecretObject>(this.#answerTo(body), { method: "POST", path: secrets(namespace), body, signal });

  // Admission comes before the look at what is stored: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
  readonly tryCreateSecret: ClusterApi["tryCreateSecret"] = async (namespace, body, signal) => {
    const query = { dryRun: "All" };
    try {
      await this.#write(nothing, { method: "POST", path: secrets(namespace), body, signal, query, idempotent: true });
    } catch (error) {
      if (!(error instanceof ApiError && error.kind === "alreadyExists")) throw error;
    }
  };

  // Guarded by the resourceVersion in the body: when the answer to a first PUT was lost, the second is a conflict, which
  // the next observation clears up.
  readonly replaceSecret: ClusterApi["replaceSecret"] = (namespace, name, body, signal) =>
    this.#write<SecretObject>(this.#answerTo(body), {
      method: "PUT",
      path: secrets(namespace, name),
      body,
      signal,
      idempotent: true,
    });

  readonly deleteSecret: ClusterApi["deleteSecret"] = async (namespace, name, { uid, resourceVersion }, signal) => {
    const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } });
    try {
      await this.#transport.request({
        method: "DELETE",
        path: secrets(namespace, name),
        body,
        deadline,
        signal,
        idempotent: true,
        reader: () => boundedReader(() => nothing),
      });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  };

  readonly getServiceAccount: ClusterApi["getServiceAccount"] = (namespace, name, signal) =>
    this.#read<ServiceAccountObject>(serviceAccount(namespace, name), kept.liveServiceAccount, signal);

  readonly patchServiceAccount: ClusterApi["patchServiceAccount"] = (namespace, name, body, signal) =>
    this.#write<ServiceAccountObject>(kept.serviceAccount, {
      method: "PATCH",
      path: serviceAccount(namespace, name),
      body,
      contentType: mergePatch,
      signal,
      idempotent: true,
    });

  readonly evictPod: ClusterApi["evictPod"] = async (namespace, name, uid, signal) => {
    const body = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace, name },
      deleteOptions: { preconditions: { uid } },
    };
    await this.#write(nothing, { method: "POST", path: eviction(namespace, name), body, signal });
  };

  readonly patchCredential: ClusterApi["patchCredential"] = (name, body, signal) =>
    this.#write<ClusterObject>(kept.credential, {
      method: "PATCH",
      path: credential(name),
      body,
      contentType: mergePatch,
      signal,
      idempotent: true,
    });

  readonly patchCredentialStatus: ClusterApi["patchCredentialStatus"] = (name, body, signal) =>
    this.#write<ClusterObject>(kept.credential, {
      method: "PATCH",
      path: credential(name, "status"),
      body,
      contentType: mergePatch,
      signal,
      idempotent: true,
    });

  readonly createEvent: ClusterApi["createEvent"] = (namespace, body, signal) =>
    this.#write<ClusterObject>(named, { method: "POST", path: events(namespace), body, signal });

  readonly patchEvent: ClusterApi["patchEvent"] = async (namespace, name, body, signal) => {
    await this.#write(nothing, {
      method: "PATCH",
      path: events(namespace, name),
      body,
      contentType: mergePatch,
      signal,
      idempotent: true,
    });
  };
}

/** Some of what a PUT must carry along did not come. */
function isTooLarge(object: ClusterObject): boolean {
  const values: readonly unknown[] = [object, object.metadata].flatMap((of): unknown[] => Object.values(of));
  return values.includes(tooLarge);
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && (error.kind === "notFound" || error.kind === "namespaceNotFound");
}
