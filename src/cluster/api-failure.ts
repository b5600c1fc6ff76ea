// The failure that an answer of the API server means: who must act, and what they should do.
import { failure } from "../api/reasons.ts";
import type { Failure } from "../runtime/errors.ts";
import { quotedText } from "../runtime/foreign-text.ts";
import { grantRights } from "./install-steps.ts";
import type { ApiError, MissingPermission } from "../runtime/client/api-error.ts";

export interface FailureContext {
  /** What was tried, as in `write Secret team-x/regcred`; it begins the message after "cannot". */
  readonly action: string;
  readonly operatorNamespace: string;
}

/** The failure that an ApiError means. Terminating and missing namespaces are states for the controllers; here they merely wait for a change. */
export function failureFrom(error: ApiError, { action, operatorNamespace }: FailureContext): Failure {
  const { details, retryAfter } = error;
  const cannot = `cannot ${action}`;
  const wait = retryAfter ? { retryAfter } : {};
  switch (error.kind) {
    case "quotaExceeded":
      return failure("QuotaExceeded", {
        message: `${cannot}: ResourceQuota ${details.quota ?? ""} is used up; raise it or delete objects that it counts`,
      });
    case "admissionDenied":
      return failure("AdmissionDenied", {
        message: `${cannot}: denied by ${deniedBy(error)}${wayAround(details)}. ${error.message}`,
        ...(isOwnPolicy(details) && { byOwnPolicy: true }),
      });
    case "forbidden":
      return details.missing?.because === undefined
        ? failure("NotPermitted", {
            message: `${cannot}: the operator may not ${details.missing ? `${details.missing.verb} ${rightOn(details.missing)}` : "do this"}`,
            steps: [grantRights(operatorNamespace)],
          })
        : failure("NamespaceForbidden", {
            message: `${cannot}: the cluster forbids it (${quotedText(details.missing.because)}); exclude the namespace`,
          });
    case "namespaceTerminating":
    case "namespaceNotFound":
      return failure("NamespaceTerminating", {
        message: `${cannot}: the namespace is gone or going`,
      });
    case "notFound":
    case "alreadyExists":
    case "conflict":
    case "gone":
      return failure("Conflict", {
        message: `${cannot}: it was changed by somebody else meanwhile; it is tried again`,
        ...wait,
      });
    case "invalid":
      return failure("Rejected", {
        message: `${cannot}: the API server will not take it. ${error.message}`,
      });
    case "tooLarge":
      return failure("TooLarge", {
        message: `${cannot}: ${error.message}; make it smaller, or delete it`,
      });
    case "unauthorized":
      return failure("Unauthorized", {
        message: `${cannot}: the API server does not accept the operator's credentials; check its ServiceAccount token or kubeconfig`,
        ...wait,
      });
    case "throttled":
    case "malformed":
    case "unavailable":
      return failure("ApiUnavailable", {
        message: `${cannot}: ${error.message}; it is tried again`,
        ...wait,
      });
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
