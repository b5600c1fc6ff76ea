// Classifies the answers of clouds: a token that is good, or an error of which kind.
import { failure } from "../api/reasons.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Failure, OperatorError } from "../runtime/errors.ts";
import {
  boundedEnd,
  boundedSeconds,
  bounds,
  byOwnClock,
  inMilliseconds,
  retryAfterIn,
} from "../runtime/foreign-numbers.ts";
import { jwtExpiry } from "../runtime/jwt-claims.ts";
import type { GrantIdentity } from "./grant-types.ts";
import type { HttpAnswer } from "./http/http.ts";

/** What an answer must have before it may become a token. */
export interface Answer {
  readonly password: string | undefined;
  readonly expiresAt: Temporal.Instant | undefined;
}

/**
 * Throws InvalidAnswer for an empty token, one without expiry, and one that has expired: none is ever published. An end
 * that is too far to be true is cut, so that the token is renewed.
 */
export function checkedAnswer(
  who: string,
  { password, expiresAt }: Answer,
  clock: Clock,
): { readonly password: string; readonly expiresAt: Temporal.Instant } {
  const invalid = (what: string): OperatorError => oddAnswer(`${who} answered ${what}`);
  if (password === undefined || password === "") throw invalid("without a token");
  if (!expiresAt) throw invalid("with a token that names no end");
  if (Temporal.Instant.compare(expiresAt, clock.now()) <= 0) {
    throw invalid(
      `with a token that ended at ${expiresAt.toString({ smallestUnit: "second" })}: check the operator's clock`,
    );
  }
  return { password, expiresAt: boundedEnd(expiresAt, clock.now()) };
}

/** @param what a sentence without its end */
export function oddAnswer(what: string): OperatorError {
  return new OperatorError(failure("InvalidAnswer", { message: `${what}; it is tried again` }));
}

/** How an error is told: its name or code, and what else the other side let know. Never a body. */
export interface CloudError {
  /** Of the service, as in `ECR`; begins the message. */
  readonly who: string;
  /** The error's name or code, as in `AccessDeniedException`, `invalid_grant`, `AADSTS700024`. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter?: Temporal.Duration | undefined;
  /** What the person who must act should look at for a permanent error. */
  readonly advice: string;
}

type Class = "permanent" | "propagation" | "throttled" | "transient";

// Told by name: the status that a cloud uses for a denial is not dependable.
const permanent =
  /^(Access_?Denied|DENIED$|Unauthorized|Forbidden|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|InvalidIdentityToken|IDPRejectedClaim|MalformedPolicyDocument|PackedPolicyTooLarge|RegionDisabled|UnsupportedCommand|InvalidParameter|ValidationError|AADSTS(7000215|7000222|700016|90002|500011)$|PERMISSION_DENIED|UNAUTHENTICATED|invalid_(client|grant|target|request|scope)|unauthorized_client|unsupported_grant_type|NotAuthenticated|NotAuthorizedOrNotFound|BXNIM)/i;
const propagation = /^AADSTS(70021|700211|700213|7002138)$/;
// Of AWS those of its SDKs (@smithy/core, THROTTLING_ERROR_CODES), which come with HTTP 400 or 503 as well; of Google's older
// APIs with 403; AADSTS90055 is Entra's: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const throttled =
  /^(Throttl|EC2Throttled|RequestThrottled|TooManyRequests|RequestLimitExceeded|BandwidthLimitExceeded|LimitExceeded|PriorRequestNotComplete|ProvisionedThroughputExceeded|TransactionInProgress|SlowDown|slow_down|RESOURCE_EXHAUSTED|(user)?RateLimitExceeded|AADSTS90055$)/i;

export function classOf({ code = "", status }: Pick<CloudError, "code" | "status">): Class {
  if (throttled.test(code) || status === 429) return "throttled";
  if (propagation.test(code)) return "propagation";
  if (permanent.test(code)) return "permanent";
  // Without a name that is known, only these say that asking again the same way is of no use.
  if (code === "" && (status === 401 || status === 403)) return "permanent";
  return "transient";
}

export function cloudFailure(error: CloudError): Failure {
  const { who, code, status, retryAfter, advice } = error;
  const reported =
    [code, status === undefined ? undefined : `HTTP ${status}`].filter(Boolean).join(", ") || "no answer";
  const wait = retryAfter ? { retryAfter } : {};
  switch (classOf(error)) {
    case "permanent":
      return failure("Denied", { message: `${who} refuses (${reported}): ${advice}` });
    case "propagation":
      return failure("NotPropagated", {
        message: `${who} does not know the federation yet (${reported}): a new one takes up to 15 minutes; if it lasts, ${advice}`,
      });
    case "throttled":
      return failure("Throttled", { message: `${who} asks for patience (${reported}); it is tried again`, ...wait });
    case "transient":
      return failure("CloudUnavailable", { message: `${who} gave no token (${reported}); it is tried again`, ...wait });
  }
}

/** For whom a call is made; completes its errors. */
export interface TokenCall {
  /** Of the service, as in `IBM Cloud IAM`. */
  readonly who: string;
  readonly identity: GrantIdentity;
  /** What to look at when it refuses. */
  readonly advice: string;
}

/** The error for an answer that holds no token. Nothing of the body is kept but the names of errors. */
export function tokenError(answer: HttpAnswer, { who, identity, advice }: TokenCall, clock: Clock): OperatorError {
  const { status, headers } = answer;
  if (status < 300) return invalidAnswer(who, `HTTP ${status} without a token`);
  const code = errorCode(answer);
  // Whatever a broken server calls its trouble, asking again is of use.
  const known = status < 500 || classOf({ code, status }) !== "permanent";
  const failure = cloudFailure({
    who,
    code: known ? code : undefined,
    status,
    retryAfter: retryAfterIn(headers, clock.now()),
    advice,
  });
  return deniedTo(identity, failure);
}

/** What the ServiceAccount of a tenant is denied, the role or application that it names, is the tenant's to fix. */
export function deniedTo(
  identity: GrantIdentity,
  failure: Failure,
  reasons: readonly string[] = ["Denied"],
): OperatorError {
  const tenants = reasons.includes(failure.reason) && identity.from === "TenantServiceAccount";
  return new OperatorError(tenants ? { ...failure, cause: "Tenant" } : failure);
}

/** @param what completes "WHO answered with" */
export function invalidAnswer(who: string, what: string): OperatorError {
  return oddAnswer(`${who} answered with ${what}`);
}

/** A member of a JSON body by its names joined with dots; undefined where there is none. */
export function memberAt({ text }: Pick<HttpAnswer, "text">, path: string): unknown {
  let value = jsonOf(text);
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** A text member; undefined where there is none, or an empty one. */
export function textAt(answer: Pick<HttpAnswer, "text">, path: string): string | undefined {
  const value = memberAt(answer, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** When a length in seconds has passed; see `bounds.life`. Some servers write numbers as texts. */
export function afterSeconds(value: unknown, start: Temporal.Instant): Temporal.Instant | undefined {
  const life = boundedSeconds(value, bounds.life);
  return life && start.add(life);
}

/** What to tell of a length that no such token has; undefined for any other. */
export function doubtOf(who: string, value: unknown): string | undefined {
  const seconds = inMilliseconds(value, bounds.life);
  return seconds === undefined
    ? undefined
    : `${who} says that its token lives for ${seconds} seconds, that is taken for milliseconds`;
}

/** When a token ends that says so itself (`exp`), by our own clock. */
export function endOfJwt(
  token: string,
  { headers }: HttpAnswer,
  askedAt: Temporal.Instant,
): Temporal.Instant | undefined {
  const at = jwtExpiry(token);
  return at && byOwnClock(at, headers, askedAt);
}

// OAuth: `error` (RFC 6749 section 5.2). Oracle: `code`. IBM: `errorCode`. Registries, JFrog: `errors[0].code`.
function errorCode(answer: HttpAnswer): string | undefined {
  return ["error", "code", "errorCode", "errors.0.code"].map((path) => wordIn(memberAt(answer, path))).find(Boolean);
}

/** A plain word; undefined for anything else: the rest of a body may quote what was sent. */
export function wordIn(value: unknown): string | undefined {
  return typeof value === "string" && /^\w{1,64}$/.test(value) ? value : undefined;
}

/** The members of a text that should be a JSON object; none, where it is something else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(text);
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
