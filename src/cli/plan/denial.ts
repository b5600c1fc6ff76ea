// Asks the API server, by a dry run that keeps nothing, what it says against a RegistryCredential.
import { ApiError } from "../../runtime/client/api-error.ts";
import { resources } from "../../cluster/resources.ts";
import { resourcePath } from "../../runtime/client/resource-path.ts";
import type { Session } from "../session.ts";
import type { Planned } from "./planned-objects.ts";

/**
 * Completes the sentence "the API server refuses it: ..."; undefined where it takes it, and where it does not tell: the kind is
 * not installed yet, or whoever asks may only read.
 */
export async function denial(
  { transport }: Pick<Session, "transport">,
  { name, raw, isNew }: Planned,
): Promise<string | undefined> {
  const query = { dryRun: "All", fieldValidation: "Strict" };
  const body = JSON.stringify(isNew ? withoutHistory(raw) : raw);
  try {
    await (isNew
      ? transport.request({ method: "POST", path: resourcePath(resources.credentials), query, body, idempotent: true })
      : transport.request({ method: "PUT", path: resourcePath({ ...resources.credentials, name }), query, body }));
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return refusedBy(error);
    throw error;
  }
}

/** Of the spec, that is: a webhook that knows no dry run, or a right that is missing, says nothing of it. */
function refusedBy({ reason, message, details: { causes } }: ApiError): string | undefined {
  if (reason !== "Invalid") return message.includes("strict decoding error") ? message : undefined;
  return causes.length > 0 ? causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ") : message;
}

/** What only an object that is there has. */
function withoutHistory(raw: object): object {
  const { metadata, ...rest } = raw as { readonly metadata: Readonly<Record<string, unknown>> };
  const { name, labels, annotations } = metadata;
  return { ...rest, metadata: { name, labels, annotations } };
}
