// What did Entra or ACR answer when it gave no token?
import type { Clock } from "../../runtime/clock.ts";
import { OperatorError } from "../../runtime/errors.ts";
import { retryAfterIn } from "../../runtime/foreign-numbers.ts";
import type { GrantIdentity } from "../grant-types.ts";
import { classOf, cloudFailure } from "../answers.ts";
import type { HttpAnswer } from "../http/http.ts";

/** For whom a call is made; completes its errors. */
export interface AzureCall {
  /** Of the service, as in `Entra`. */
  readonly who: string;
  readonly identity: GrantIdentity;
  /** What to look at when it refuses. */
  readonly advice: string;
}

/** The assertion is not valid now: it has ended, or some clock is wrong. */
export const staleAssertion = "AADSTS700024";

/** The error for an answer that holds no token. Nothing of the body is kept but the names of errors. */
export function azureError(answer: HttpAnswer, { who, identity, advice }: AzureCall, clock: Clock): OperatorError {
  const { status, headers } = answer;
  if (status < 300) {
    return new OperatorError({
      reason: "InvalidAnswer",
      cause: "Platform",
      retry: "backoff",
      message: `${who} answered with HTTP ${status} and no token; it is tried again`,
    });
  }
  const failure = cloudFailure({
    who,
    code: azureErrorCode(answer),
    status,
    retryAfter: retryAfterIn(headers, clock.now()),
    advice,
  });
  // The application that a tenant's ServiceAccount names is the tenant's to mend.
  const mendable = failure.reason === "Denied" || failure.reason === "NotPropagated";
  return new OperatorError(
    mendable && identity.from === "TenantServiceAccount" ? { ...failure, cause: "Tenant" } : failure,
  );
}

/** Entra's number, OAuth's name, or a registry's code; undefined where the body has none. */
export function azureErrorCode({ text }: HttpAnswer): string | undefined {
  const name = errorName(jsonObject(text));
  const number = /\bAADSTS\d{4,9}\b/.exec(text)?.[0];
  if (number === undefined) return name;
  // Entra has thousands of numbers; where one is not known by itself, the name of RFC 6749 section 5.2 tells its kind.
  const known = number === staleAssertion || classOf({ code: number, status: undefined }) !== "transient";
  return known || name === undefined ? number : `${name} ${number}`;
}

/** A text member of a JSON body; undefined where there is none. */
export function jsonText({ text }: HttpAnswer, member: string): string | undefined {
  const value = jsonObject(text)[member];
  return typeof value === "string" ? value : undefined;
}

// Entra and IMDS: `error`. A registry: `errors[0].code`, https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
function errorName(body: Readonly<Record<string, unknown>>): string | undefined {
  const { error, errors } = body;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const code = typeof first === "object" && first !== null && "code" in first ? first.code : error;
  // Words only: the rest of a body may quote what was sent.
  return typeof code === "string" && /^\w{1,64}$/.test(code) ? code : undefined;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
