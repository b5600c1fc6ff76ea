// Who must act when the API server refuses, and what should they do?
import type { Failure } from "../runtime/errors.ts";
import { quotedText } from "../runtime/foreign-text.ts";
import { grantRights } from "./install-steps.ts";
import type { ApiError, MissingPermission } from "../runtime/client/api-error.ts";

export interface FailureContext {
  /** What was tried, as in `write Secret team-x/regcred`; it begins the message after "cannot". */
  readonly action: string;
  readonly operatorNamespace: string;
}

/** The failure that an ApiError means. Terminating and missing namespaces are states for the loops; here they merely wait for a change. */
export function failureFrom(error: ApiError, { action, operatorNamespace }: FailureContext): Failure {
  const { details, retryAfter } = error;
  const cannot = `cannot ${action}`;
  const wait = retryAfter ? { retryAfter } : {};
  switch (error.kind) {
    case "quotaExceeded":
      return {
        reason: "QuotaExceeded",
        cause: "Tenant",
        message: `${cannot}: ResourceQuota ${details.quota ?? ""} is used up; raise it or delete objects that it counts`,
        retry: "slowly",
      };
    case "admissionDenied":
      return {
        reason: "AdmissionDenied",
        cause: "Tenant",
        message: `${cannot}: denied by ${deniedBy(error)}${wayAround(details)}. ${error.message}`,
        retry: "slowly",
        ...(isOwnPolicy(details) && { restrained: true }),
      };
    case "forbidden":
      return details.missing?.because === undefined
        ? {
            reason: "NotPermitted",
            cause: "Platform",
            message: `${cannot}: the operator may not ${details.missing ? `${details.missing.verb} ${rightOn(details.missing)}` : "do this"}`,
            steps: [grantRights(operatorNamespace)],
            retry: "slowly",
          }
        : {
            reason: "NamespaceForbidden",
            cause: "Platform",
            message: `${cannot}: the cluster forbids it (${quotedText(details.missing.because)}); exclude the namespace`,
            retry: "slowly",
          };
    case "namespaceTerminating":
    case "namespaceNotFound":
      return {
        reason: "NamespaceTerminating",
        cause: "Tenant",
        message: `${cannot}: the namespace is gone or going`,
        retry: "on-change",
      };
    case "notFound":
    case "alreadyExists":
    case "conflict":
    case "gone":
      return {
        reason: "Conflict",
        cause: "Platform",
        message: `${cannot}: it was changed by somebody else meanwhile; it is tried again`,
        retry: "backoff",
        ...wait,
      };
    case "invalid":
      return {
        reason: "Rejected",
        cause: "Platform",
        message: `${cannot}: the API server will not take it. ${error.message}`,
        retry: "slowly",
      };
    case "tooLarge":
      return {
        reason: "TooLarge",
        cause: "Tenant",
        message: `${cannot}: ${error.message}; make it smaller, or delete it`,
        retry: "on-change",
      };
    case "unauthorized":
      return {
        reason: "Unauthorized",
        cause: "Platform",
        message: `${cannot}: the API server does not accept the operator's credentials; check its ServiceAccount token or kubeconfig`,
        retry: "backoff",
        ...wait,
      };
    case "throttled":
    case "malformed":
    case "unavailable":
      return {
        reason: "ApiUnavailable",
        cause: "Platform",
        message: `${cannot}: ${error.message}; it is tried again`,
        retry: "backoff",
        ...wait,
      };
  }
}

/** `serviceaccounts` or `registrycredentials.regcred.dev in namespace x`: what a right is about. */
export function rightOn({ resource, group, namespace }: Omit<MissingPermission, "verb">): string {
  return `${resource}${group ? `.${group}` : ""}${namespace ? ` in namespace ${namespace}` : ""}`;
}

/** The policies that an install brings with it say in their messages what to do. */
function wayAround(details: ApiError["details"]): string {
  if (isOwnPolicy(details)) return ", which restrains the operator";
  return "; exempt regcred's objects from it, or exclude the namespace";
}

function isOwnPolicy({ policy }: ApiError["details"]): boolean {
  return policy?.startsWith("regcred-") === true;
}

function deniedBy({ details }: ApiError): string {
  if (details.policy) return `policy ${details.policy}${details.binding ? ` (binding ${details.binding})` : ""}`;
  if (details.webhook) return `webhook ${details.webhook}`;
  return "an admission plugin of the cluster";
}
