// The answers of Google: a token, or an error.
import type { Clock } from "../../runtime/clock.ts";
import type { OperatorError } from "../../runtime/errors.ts";
import { byOwnClock, retryAfterIn, timeOfText } from "../../runtime/foreign-numbers.ts";
import {
  afterSeconds,
  checkedAnswer,
  cloudFailure,
  deniedTo,
  doubtOf,
  jsonObject,
  type TokenCall,
  wordIn,
} from "../answers.ts";
import type { HttpAnswer } from "../http/http.ts";

export interface GoogleCall extends TokenCall {
  /** When the call was made: a token's life is counted from there. */
  readonly askedAt: Temporal.Instant;
}

export interface GoogleToken {
  readonly password: string;
  readonly issuedAt: Temporal.Instant;
  readonly expiresAt: Temporal.Instant;
  /** See `NewToken`. */
  readonly doubt: string | undefined;
}

/** Of OAuth (`access_token`, `expires_in`) or of generateAccessToken (`accessToken`, `expireTime`). Throws OperatorError. */
export function googleToken(answer: HttpAnswer, call: GoogleCall, clock: Clock): GoogleToken {
  if (answer.status !== 200) throw googleError(answer, call, clock);
  const { access_token, accessToken, expires_in, expireTime } = jsonObject(answer.text);
  const password = access_token ?? accessToken;
  const checked = checkedAnswer(
    call.who,
    {
      password: typeof password === "string" ? password : undefined,
      expiresAt: afterSeconds(expires_in, call.askedAt) ?? instant(expireTime, answer, call),
    },
    clock,
  );
  return { ...checked, issuedAt: call.askedAt, doubt: doubtOf(call.who, expires_in) };
}

/** STS: the token of the ServiceAccount is too old. The text is told in googleapis/google-cloud-go#12440. */
export function saysStale({ text }: HttpAnswer): boolean {
  const { error, error_description } = jsonObject(text);
  return (
    error === "invalid_grant" &&
    typeof error_description === "string" &&
    /\b(?:stale|expired)\b/.test(error_description)
  );
}

/** Nothing of the body is kept but the name of the error. */
export function googleError(answer: HttpAnswer, call: TokenCall, clock: Clock): OperatorError {
  const { who, identity, advice } = call;
  const failure = cloudFailure({
    who,
    code: errorName(answer),
    status: answer.status,
    retryAfter: retryAfterIn(answer.headers, clock.now()),
    advice,
  });
  return deniedTo(identity, failure);
}

// OAuth's `error` is the name (RFC 6749 section 5.2); that of Google's APIs is an object: https://cloud.google.com/apis/design/errors
function errorName({ text }: HttpAnswer): string | undefined {
  const { error } = jsonObject(text);
  return wordIn(typeof error === "object" && error !== null && "status" in error ? error.status : error);
}

function instant(text: unknown, { headers }: HttpAnswer, { askedAt }: GoogleCall): Temporal.Instant | undefined {
  const at = typeof text === "string" ? timeOfText(text) : undefined;
  return at && byOwnClock(at, headers, askedAt);
}
