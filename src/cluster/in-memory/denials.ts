// The Status of each refusal of an API server, as the real one words it.
import { type ApiError, apiErrorFromAnswer } from "../../runtime/client/api-error.ts";

interface Details {
  readonly name?: string;
  /** The resource. */
  readonly kind?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
}

/** An answer with this Status. */
export function refused(code: number, reason: string, message: string, details: Details = {}): ApiError {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
  return apiErrorFromAnswer({ code, body: JSON.stringify(status), headers: {} });
}

export function notFound(kind: string, name: string): ApiError {
  return refused(404, "NotFound", `${kind} "${name}" not found`, { name, kind });
}

export function alreadyExists(kind: string, name: string): ApiError {
  return refused(409, "AlreadyExists", `${kind} "${name}" already exists`, { name, kind });
}

export function conflict(kind: string, name: string): ApiError {
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  return refused(409, "Conflict", `Operation cannot be fulfilled on ${kind} "${name}": ${why}`, { name, kind });
}

export function unprocessable(kind: string, name: string, field: string, why: string): ApiError {
  return refused(422, "Invalid", `${kind} "${name}" is invalid: ${field}: ${why}`, { name, kind });
}

/** k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go */
export function terminating(kind: string, name: string, namespace: string): ApiError {
  return refused(
    403,
    "Forbidden",
    `${kind} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      name,
      kind,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    },
  );
}
