// The requests that go wrong, how, and for how long.
import { type ApiError, unavailable } from "../../src/runtime/client/api-error.ts";
import type { Resource } from "../../src/cluster/in-memory/in-memory-server.ts";
import { conflict, unprocessable, refused } from "../../src/cluster/in-memory/denials.ts";

export type Verb = "get" | "create" | "update" | "patch" | "delete";

export interface Request {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly subresource?: "status";
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * policy, forbidden, quota, invalid: it is refused so. unsent: the connection breaks before the server has it. unanswered: after.
 * late: done at once, answered after 3 s. slow: done and answered after 3 s. hanging: neither. conflict: somebody else was first.
 */
export const refusingHows = ["policy", "forbidden", "quota", "invalid"] as const;
export const passingHows = ["unsent", "unanswered", "late", "slow", "hanging", "conflict", "throttled"] as const;
export type How = (typeof refusingHows)[number] | (typeof passingHows)[number];

/** Left out: any. */
export interface Target {
  readonly resource: Resource | "registrycredentials/status";
  readonly namespace?: string;
  readonly name?: string;
  readonly verbs?: readonly Verb[];
}

export interface Fault {
  readonly how: How;
  readonly of: Target;
}

/** hidden: 403. down: 500. deaf: events come when it is over. expired: each watch has to list again, once. */
export type Blindness = "hidden" | "down" | "deaf" | "expired";

export interface ListFault {
  readonly how: Blindness;
  readonly resource: Resource;
  /** Elapsed milliseconds. */
  readonly since: number;
}

export function isHit({ how, of }: Fault, request: Request): boolean {
  const { verb, resource, subresource, namespace, name } = request;
  const kind = subresource === undefined ? resource : `${resource}/${subresource}`;
  // A quota counts objects: https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-on-object-count
  if (how === "quota" && verb !== "create") return false;
  return (
    of.resource === kind &&
    (of.namespace === undefined || of.namespace === namespace) &&
    (of.name === undefined || of.name === name) &&
    (of.verbs === undefined ? verb !== "get" : of.verbs.includes(verb))
  );
}

/** What the server answers by it; undefined where it is the connection that fails. */
export function answerOf({ how }: Fault, { verb, resource, namespace, name }: Request): ApiError | undefined {
  switch (how) {
    case "policy":
      return refused(
        422,
        "Invalid",
        `${resource} "${name}" is forbidden: ValidatingAdmissionPolicy 'change-control' with binding 'all' denied request: frozen`,
        { name, kind: resource },
      );
    case "forbidden":
      return refused(
        403,
        "Forbidden",
        `${resource} "${name}" is forbidden: User "regcred" cannot ${verb} resource "${resource}" in API group ""${namespace === "" ? " at the cluster scope" : ` in the namespace "${namespace}"`}`,
        { name, kind: resource },
      );
    case "quota":
      return refused(403, "Forbidden", `${resource} "${name}" is forbidden: exceeded quota: few, requested: 1`, {
        name,
        kind: resource,
      });
    case "invalid":
      return unprocessable(resource, name, "metadata", "Invalid value: not today");
    case "conflict":
      return conflict(resource, name);
    case "throttled":
      return refused(429, "TooManyRequests", "too many requests, please try again later");
    case "unsent":
    case "unanswered":
    case "late":
    case "slow":
    case "hanging":
      return undefined;
  }
}

export const broken = (): ApiError => unavailable("no whole answer from the API server (ECONNRESET)", "ECONNRESET");
export const timedOut = (): ApiError => unavailable("no answer from the API server in time", "ETIMEDOUT");

export function listError({ how, resource }: ListFault): ApiError {
  if (how !== "hidden") return refused(500, "InternalError", "etcdserver: request timed out");
  return refused(
    403,
    "Forbidden",
    `${resource} is forbidden: User "regcred" cannot list resource "${resource}" in API group "" at the cluster scope`,
    { kind: resource },
  );
}
