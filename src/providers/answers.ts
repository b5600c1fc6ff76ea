// What does the answer of a cloud mean: a token that is good, or an error of which kind?
import type { Clock } from "../runtime/clock.ts";
import { type Failure, OperatorError } from "../runtime/errors.ts";
import { boundedEnd } from "../runtime/foreign-numbers.ts";

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
  const invalid = (what: string): OperatorError =>
    new OperatorError({
      reason: "InvalidAnswer",
      cause: "Platform",
      retry: "backoff",
      message: `${who} answered ${what}; it is tried again`,
    });
  if (password === undefined || password === "") throw invalid("without a token");
  if (!expiresAt) throw invalid("with a token that names no end");
  if (Temporal.Instant.compare(expiresAt, clock.now()) <= 0) {
    throw invalid(
      `with a token that ended at ${expiresAt.toString({ smallestUnit: "second" })}: check the operator's clock`,
    );
  }
  return { password, expiresAt: boundedEnd(expiresAt, clock.now()) };
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
  const told = [code, status === undefined ? undefined : `HTTP ${status}`].filter(Boolean).join(", ") || "no answer";
  const wait = retryAfter ? { retryAfter } : {};
  switch (classOf(error)) {
    case "permanent":
      return { reason: "Denied", cause: "Platform", retry: "slowly", message: `${who} refuses (${told}): ${advice}` };
    case "propagation":
      return {
        reason: "NotPropagated",
        cause: "Platform",
        retry: "backoff",
        message: `${who} does not know the federation yet (${told}): a new one takes up to 15 minutes; if it lasts, ${advice}`,
      };
    case "throttled":
      return {
        reason: "Throttled",
        cause: "Platform",
        retry: "backoff",
        message: `${who} asks for patience (${told}); it is tried again`,
        ...wait,
      };
    case "transient":
      return {
        reason: "CloudUnavailable",
        cause: "Platform",
        retry: "backoff",
        message: `${who} gave no token (${told}); it is tried again`,
        ...wait,
      };
  }
}
