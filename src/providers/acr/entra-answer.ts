// The answers of Entra and ACR that hold no token.
import type { Clock } from "../../runtime/clock.ts";
import type { OperatorError } from "../../runtime/errors.ts";
import { retryAfterIn } from "../../runtime/foreign-numbers.ts";
import { classOf, cloudFailure, deniedTo, invalidAnswer, jsonObject, type TokenCall, wordIn } from "../answers.ts";
import type { HttpAnswer } from "../http/http.ts";

/** The assertion is not valid now: it has ended, or some clock is wrong. */
export const staleAssertion = "AADSTS700024";

/** The error for an answer that holds no token. Nothing of the body is kept but the names of errors. */
export function azureError(answer: HttpAnswer, { who, identity, advice }: TokenCall, clock: Clock): OperatorError {
  const { status, headers } = answer;
  if (status < 300) return invalidAnswer(who, `HTTP ${status} and no token`);
  const failure = cloudFailure({
    who,
    code: azureErrorCode(answer),
    status,
    retryAfter: retryAfterIn(headers, clock.now()),
    advice,
  });
  // What is not propagated may not be there at all.
  return deniedTo(identity, failure, ["Denied", "NotPropagated"]);
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
  return wordIn(typeof first === "object" && first !== null && "code" in first ? first.code : error);
}
