// What does the JSON answer of a token endpoint say?
import type { Clock } from "../runtime/clock.ts";
import { OperatorError } from "../runtime/errors.ts";
import { inMilliseconds, boundedSeconds, bounds, byOwnClock, retryAfterIn } from "../runtime/foreign-numbers.ts";
import type { GrantIdentity } from "./grant-types.ts";
import { jwtExpiry } from "../runtime/jwt-claims.ts";
import { classOf, cloudFailure } from "./answers.ts";
import type { HttpAnswer } from "./http/http.ts";

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
  // What a tenant's ServiceAccount may do is the tenant's to mend.
  const tenants = failure.reason === "Denied" && identity.from === "TenantServiceAccount";
  return new OperatorError(tenants ? { ...failure, cause: "Tenant" } : failure);
}

/** @param what completes "WHO answered with" */
export function invalidAnswer(who: string, what: string): OperatorError {
  return new OperatorError({
    reason: "InvalidAnswer",
    cause: "Platform",
    retry: "backoff",
    message: `${who} answered with ${what}; it is tried again`,
  });
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
  const said = inMilliseconds(value, bounds.life);
  return said === undefined
    ? undefined
    : `${who} says that its token lives for ${said} seconds, that is taken for milliseconds`;
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
  const candidates = ["error", "code", "errorCode", "errors.0.code"].map((path) => memberAt(answer, path));
  // Words only: the rest of a body may quote what was sent.
  return candidates.find((code): code is string => typeof code === "string" && /^\w{1,64}$/.test(code));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
