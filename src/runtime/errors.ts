// Failures: what went wrong, who can fix it, and when to retry.
import type { Step } from "./steps.ts";

/** When a failed run comes back. */
export type Retry =
  /** This input can never work: wait until it changes. */
  | "on-change"
  /** Somebody must mend something that cannot be watched: come back soon once, then ever more slowly. */
  | "slowly"
  /** The world hiccuped: exponential backoff with jitter. */
  | "backoff";

/** Who must act: the platform team, or the tenant in whose namespace it happened. */
export type Cause = "Platform" | "Tenant";

export interface Failure {
  /** PascalCase; condition reason and metric label in one. */
  readonly reason: string;
  readonly cause: Cause;
  /** Written for the person who must act. Holds no command, and no secret; text of others only as `quotedText`. */
  readonly message: string;
  /** What mends it, where more can be said than the message says. */
  readonly steps?: readonly Step[];
  readonly retry: Retry;
  /** The least time to wait before the next attempt, where the other side named one. */
  readonly retryAfter?: Temporal.Duration;
  /** It is the operator's own policy that has refused. */
  readonly byOwnPolicy?: true;
}

/** An error that carries its own consequence. */
export class OperatorError extends Error implements Failure {
  override readonly name = "OperatorError";
  readonly reason: string;
  override readonly cause: Cause;
  readonly retry: Retry;
  readonly steps?: readonly Step[];
  readonly retryAfter?: Temporal.Duration;
  readonly byOwnPolicy?: true;
  /** The error underneath, for logs only: its text may quote a server. */
  readonly origin: unknown;

  constructor(failure: Failure, origin?: unknown) {
    super(failure.message);
    this.reason = failure.reason;
    this.cause = failure.cause;
    this.retry = failure.retry;
    if (failure.steps) this.steps = failure.steps;
    if (failure.retryAfter) this.retryAfter = failure.retryAfter;
    if (failure.byOwnPolicy) this.byOwnPolicy = failure.byOwnPolicy;
    this.origin = origin;
  }
}

/** The failure inside any thrown value. Unknown ones are worth another try: a bug must never park an object in silence. */
export function failureOf(error: unknown): Failure {
  if (error instanceof OperatorError) return error;
  return {
    reason: "InternalError",
    cause: "Platform",
    message: `unexpected ${error instanceof Error ? error.name : typeof error}; the operator's log has the details`,
    retry: "backoff",
  };
}
