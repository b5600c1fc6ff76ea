// What becomes of a request on its way to the API server and back.
import type { Clock } from "../../src/runtime/clock.ts";
import type { ApiError } from "../../src/runtime/client/api-error.ts";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { modelApi } from "../../src/cluster/in-memory/in-memory-api.ts";
import type { ModelServer } from "../../src/cluster/in-memory/in-memory-server.ts";
import { answerOf, broken, type Fault, isHit, type Request, timedOut } from "./faults.ts";

export interface PlayedApiOptions {
  readonly server: ModelServer;
  readonly clock: Clock;
  /** Those of now. */
  readonly faults: () => Iterable<Fault>;
  /** Each request, before anything becomes of it. True: the process dies here; `sent`: the server has it. */
  readonly onRequest: (request: Request, body: unknown) => { readonly sent: boolean } | undefined;
  /** While the server works on it. */
  readonly during: (request: Request, work: () => unknown) => unknown;
  readonly onThrottled: () => void;
}

const lateness = Temporal.Duration.from({ seconds: 3 });
// Of a call: src/cluster/cluster-objects.ts.
const patience = Temporal.Duration.from({ seconds: 5 });
const never = new Promise<never>(() => undefined);

export function playedApi(options: PlayedApiOptions): ClusterApi {
  const { server, clock, faults, onRequest, during, onThrottled } = options;
  const real = modelApi(server);
  // To make an error costs more than all that becomes of it.
  const errors = new Map<string, ApiError>();
  const errorOf = (fault: Fault, request: Request): ApiError | undefined => {
    const text = `${fault.how} ${request.verb} ${request.resource} ${request.namespace}/${request.name}`;
    const answer = errors.get(text) ?? answerOf(fault, request);
    if (answer) errors.set(text, answer);
    return answer;
  };

  const send = async <T>(
    request: Request,
    body: unknown,
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T> => {
    const handled = (): Promise<T> => during(request, call) as Promise<T>;
    const death = onRequest(request, body);
    if (death) {
      if (death.sent) await handled().catch(() => undefined);
      return never;
    }
    const fault = [...faults()].find((each) => isHit(each, request));
    if (!fault) return handled();
    const answer = errorOf(fault, request);
    if (fault.how === "throttled") onThrottled();
    if (answer) throw answer;
    if (fault.how === "unsent") throw broken();
    if (fault.how === "hanging") {
      await clock.sleep(patience, signal);
      throw timedOut();
    }
    if (fault.how === "slow") await clock.sleep(lateness, signal);
    const done = await handled();
    if (fault.how === "unanswered") throw broken();
    if (fault.how === "late") await clock.sleep(lateness, signal);
    return done;
  };
  const secret = (verb: Request["verb"], namespace: string, name: string): Request => {
    return { verb, resource: "secrets", namespace, name };
  };
  const credential = (name: string): Request => ({
    verb: "patch",
    resource: "registrycredentials",
    namespace: "",
    name,
  });
  const account = (verb: Request["verb"], namespace: string, name: string): Request => {
    return { verb, resource: "serviceaccounts", namespace, name };
  };
  const event = (verb: Request["verb"], namespace: string, name: string): Request => {
    return { verb, resource: "events", namespace, name };
  };
  return {
    getSecret: (namespace, name, signal) =>
      send(secret("get", namespace, name), undefined, signal, () => real.getSecret(namespace, name)),
    createSecret: (namespace, body, signal) =>
      send(secret("create", namespace, nameIn(body)), body, signal, () => real.createSecret(namespace, body)),
    // What is denied is denied to a dry run, too.
    tryCreateSecret: async (namespace, body) => {
      const request = secret("create", namespace, nameIn(body));
      const fault = [...faults()].find((each) => isHit(each, request));
      const answer = fault && errorOf(fault, request);
      if (answer) throw answer;
    },
    replaceSecret: (namespace, name, body, signal) =>
      send(secret("update", namespace, name), body, signal, () => real.replaceSecret(namespace, name, body)),
    deleteSecret: (namespace, name, preconditions, signal) =>
      send(secret("delete", namespace, name), preconditions, signal, () =>
        real.deleteSecret(namespace, name, preconditions),
      ),
    getServiceAccount: (namespace, name, signal) =>
      send(account("get", namespace, name), undefined, signal, () => real.getServiceAccount(namespace, name)),
    patchServiceAccount: (namespace, name, patch, signal) =>
      send(account("patch", namespace, name), patch, signal, () => real.patchServiceAccount(namespace, name, patch)),
    patchCredential: (name, patch, signal) =>
      send(credential(name), patch, signal, () => real.patchCredential(name, patch)),
    patchCredentialStatus: (name, patch, signal) =>
      send({ ...credential(name), subresource: "status" }, patch, signal, () =>
        real.patchCredentialStatus(name, patch),
      ),
    createEvent: (namespace, body, signal) =>
      send(event("create", namespace, nameIn(body)), body, signal, () => real.createEvent(namespace, body)),
    patchEvent: (namespace, name, patch, signal) =>
      send(event("patch", namespace, name), patch, signal, () => real.patchEvent(namespace, name, patch)),
    evictPod: async () => undefined,
  };
}

function nameIn(body: unknown): string {
  const object = (typeof body === "string" ? JSON.parse(body) : body) as {
    readonly metadata: { readonly name: string };
  };
  return object.metadata.name;
}
