// The answers of AWS: a token, or an error.
import { failure } from "../../api/reasons.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type Failure, OperatorError } from "../../runtime/errors.ts";
import { retryAfterIn, timeOfDate } from "../../runtime/foreign-numbers.ts";
import type { GrantIdentity } from "../grant-types.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import { loginOf } from "../../registry/login.ts";
import { checkedAnswer, cloudFailure, deniedTo, invalidAnswer, type TokenCall, wordIn } from "../answers.ts";
import { NetworkError } from "../http/network-error.ts";
import type { NewToken } from "../../cluster/token.ts";

/**
 * Makes one call, and a second where AWS's answer showed that this machine's clock is wrong: the SDK's client has then
 * noted by how much, and signs with AWS's time. Throws OperatorError.
 */
export async function awsAnswer<T>(
  send: () => Promise<T>,
  call: TokenCall,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await send().catch((error: unknown) => {
      if (!signal.aborted && metadataOf(error)["clockSkewCorrected"] === true) return send();
      throw error;
    });
  } catch (error) {
    if (error instanceof NetworkError) throw noAnswer(call.who, error);
    signal.throwIfAborted();
    throw awsError(error, call, clock);
  }
}

function noAnswer(who: string, error: NetworkError): OperatorError {
  return new OperatorError(
    failure("CloudUnavailable", { message: `${who} gave no token: ${error.message}; it is tried again` }),
    error,
  );
}

/** The name by which AWS calls an error, or Node a network's; undefined for anything that is no plain word. */
function awsErrorName(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Of the network's errors the code tells more; one of AWS (with $fault) has a code only where the server wrote one.
  const name = !("$fault" in error) && "code" in error && typeof error.code === "string" ? error.code : error.name;
  // The name is written by the server.
  return wordIn(name);
}

// What the SDK calls an answer that it cannot read: a gateway's page, XML where it expects JSON. They are no code of AWS's.
const sdkNames: ReadonlySet<string> = new Set(["Error", "SyntaxError", "TypeError", "Unknown", "UnknownError"]);

// The SDK's error is not kept: it has the members of the body among its own, whoever answered.
function awsError(error: unknown, { who, identity, advice }: TokenCall, clock: Clock): OperatorError {
  if (error instanceof OperatorError) return error;
  const status = metadataOf(error)["httpStatusCode"];
  if (typeof status === "number" && status < 300) {
    return invalidAnswer(who, `HTTP ${status} and something that cannot be read`);
  }
  if (isExpiry(error)) return new OperatorError(expired(who, identity));
  const name = awsErrorName(error);
  const isAnswer = typeof status === "number";
  const failure = cloudFailure({
    who,
    code: isAnswer && sdkNames.has(name ?? "") ? undefined : name,
    status: isAnswer ? status : undefined,
    retryAfter: retryAfterIn(headersOf(error), clock.now()),
    advice,
  });
  return deniedTo(identity, failure);
}

/** Whether AWS finds what the caller showed expired: ExpiredTokenException of a web identity, ExpiredToken of a session. */
export function isExpiry(error: unknown): boolean {
  return /^ExpiredToken(?:Exception)?$/.test(awsErrorName(error) ?? "");
}

function expired(who: string, identity: GrantIdentity): Failure {
  if (identity.from === "Secret") {
    return failure("IdentityExpired", {
      message: `${who} says that the session in the Secret ${identity.namespace}/${identity.name} has ended: put new keys into it, best without sessionToken`,
    });
  }
  return failure("StaleServiceAccountToken", {
    message: `${who} says that the token of the identity has expired: if it lasts, check the clocks of the API server's and the operator's machines; it is tried again`,
  });
}

/** The part of ECR's and ECR Public's answer that is used. */
export interface Authorization {
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: object | undefined;
}

/**
 * ECR's and ECR Public's answer: base64 of `USER:PASSWORD`, where the password may hold colons. Throws OperatorError.
 * @param issuedAt when the call was made: a token's life is counted from there
 */
export function awsMinted(
  who: string,
  authorization: Authorization | undefined,
  issuedAt: Temporal.Instant,
  clock: Clock,
): NewToken {
  const text = textOfBase64(authorization?.authorizationToken ?? "") ?? "";
  const colon = text.indexOf(":");
  const { password, expiresAt } = checkedAnswer(
    who,
    { password: colon < 0 ? undefined : text.slice(colon + 1), expiresAt: timeOfDate(authorization?.expiresAt) },
    clock,
  );
  const result = loginOf(text.slice(0, colon), password);
  if (!result.ok) throw invalidAnswer(who, `a login that ${result.problem}`);
  return { logins: { all: result.login }, issuedAt, expiresAt };
}

/** What the SDK says of the exchange: the `$metadata` of each of its errors. */
function metadataOf(error: unknown): Readonly<Record<string, unknown>> {
  return memberOf(error, "$metadata");
}

function headersOf(error: unknown): Readonly<Record<string, string>> {
  const headers = Object.entries(memberOf(memberOf(error, "$response"), "headers"));
  return Object.fromEntries(headers.filter((header): header is [string, string] => typeof header[1] === "string"));
}

function memberOf(holder: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof holder !== "object" || holder === null || !(name in holder)) return {};
  const member = (holder as Readonly<Record<string, unknown>>)[name];
  return typeof member === "object" && member !== null ? (member as Readonly<Record<string, unknown>>) : {};
}
