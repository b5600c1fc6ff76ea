// Decides when a token is due for renewal, and how soon after a failure it is tried again.
import { isAlive, type Token } from "../../cluster/token.ts";
import { asksAnew, isAcknowledged, type RefreshRequest, type Refused, type Repeats } from "../../grants/refresh.ts";

/** The share of its life after which a token is renewed: what is left is how long an outage may last (docs/design.md). */
const renewAfter = 0.5;
/** Renewals are spread over this share of the life, earlier than half, so that grants do not come in lock-step. */
const spread = 0.1;
/** Milliseconds: a source whose end is near gives the same end again and again, and half of what is left is soon nothing. */
const shortestRest = 1_000;
/** While a token lives, a failure is followed by another attempt within this share of what is left (docs/design.md). */
const retryShare = 0.1;
/** Milliseconds; short enough for tokens that live seconds, long enough to be no hot loop. */
const shortestRetry = 250;
/** Nobody is left alone for longer, whatever he asks for. */
const longestWait = Temporal.Duration.from({ minutes: 15 });

/** As many may be an accident: Google's metadata server does it with each token, until some five minutes before its end. */
const accidents = 1;
/** What is left of its life when the source of such a token is asked again, and half of that each time it does not help. */
const lastShare = 1 / 16;
/** Milliseconds by which the ends that are told of one token may differ, and the share of its life. */
const sameEnd = { max: 30_000, share: 1 / 20 };

/** Whether a source has handed out the stored token once more, so that there is nothing to store. */
export function isRepeat(
  token: Token | undefined,
  minted: Pick<Token, "expiresAt">,
  refreshRequest: RefreshRequest,
  now: Temporal.Instant,
): token is Token {
  // A token from the future was dated by a clock that was wrong.
  if (!token || !isAlive(token, now) || Temporal.Instant.compare(token.issuedAt, now) > 0) return false;
  // Who asks for a token in person is told when it came.
  if (token.fingerprint !== refreshRequest.fingerprint || !isAcknowledged(token, refreshRequest)) return false;
  const { issuedAt, expiresAt } = token;
  if (!expiresAt || !minted.expiresAt) return expiresAt === minted.expiresAt;
  const life = issuedAt.until(expiresAt).total("milliseconds");
  const apart = Math.abs(expiresAt.until(minted.expiresAt).total("milliseconds"));
  return apart <= Math.min(sameEnd.max, life * sameEnd.share);
}

/** Milliseconds from issue. */
function afterRepeats(life: number, issuedAt: Temporal.Instant, { at }: Repeats): number {
  const looked = at ? issuedAt.until(at).total("milliseconds") : 0;
  let left = life * lastShare;
  while (left >= shortestRest && life - left <= looked) left /= 2;
  return Math.max(Math.floor(life - left), looked + shortestRest);
}

/**
 * Half of its life or a little earlier, but not within a second; undefined for a credential that names no end. The jitter comes from the grant's
 * key, so that a restart changes nothing.
 */
export function refreshAt(
  token: Pick<Token, "grantKey" | "issuedAt" | "expiresAt">,
  repeats?: Repeats,
): Temporal.Instant | undefined {
  if (!token.expiresAt) return undefined;
  const life = Math.max(token.issuedAt.until(token.expiresAt).total("milliseconds"), 0);
  if (repeats && (repeats.at || repeats.tokens > accidents)) {
    return token.issuedAt.add({ milliseconds: Math.floor(afterRepeats(life, token.issuedAt, repeats)) });
  }
  const share = Math.floor(life * (renewAfter - spread * fractionOf(token.grantKey)));
  return token.issuedAt.add({ milliseconds: Math.max(share, shortestRest) });
}

/** More than clocks of two replicas are apart. */
const skew = Temporal.Duration.from({ minutes: 1 });

/**
 * When the token is to be made anew; `now` for at once, undefined for never. A token from the future was issued while the
 * wall clock was ahead: how long it lives was reckoned from there, so its end may be too late.
 */
export function dueAt(
  token: Token | undefined,
  refreshRequest: RefreshRequest,
  now: Temporal.Instant,
  repeats?: Repeats,
): Temporal.Instant | undefined {
  if (!token || token.fingerprint !== refreshRequest.fingerprint || !isAlive(token, now)) return now;
  if (!isAcknowledged(token, refreshRequest)) return now;
  if (!token.expiresAt) return undefined;
  if (Temporal.Instant.compare(token.issuedAt, now.add(skew)) > 0) return now;
  return refreshAt(token, repeats);
}

/** The longest wait after a failure, in milliseconds; undefined where no living token can run out. */
export function retryWithin(
  token: Pick<Token, "expiresAt"> | undefined,
  now: Temporal.Instant,
): Temporal.Duration | undefined {
  if (!token?.expiresAt) return undefined;
  const left = now.until(token.expiresAt).total("milliseconds");
  if (left <= 0) return undefined;
  return Temporal.Duration.from({ milliseconds: Math.max(Math.floor(left * retryShare), shortestRetry) });
}

/**
 * For how long who asks for patience is not asked again: at most 15 minutes and, while the token lives, a tenth of what is
 * left of it. Zero where nobody asks for any.
 */
export function patience(
  asked: Temporal.Duration | undefined,
  token: Pick<Token, "expiresAt"> | undefined,
  now: Temporal.Instant,
): Temporal.Duration {
  if (!asked) return new Temporal.Duration();
  return [longestWait, retryWithin(token, now) ?? longestWait].reduce(shorter, asked);
}

function shorter(one: Temporal.Duration, other: Temporal.Duration): Temporal.Duration {
  return Temporal.Duration.compare(one, other) < 0 ? one : other;
}

/** For how many milliseconds the other side is still left alone. What has changed since is another question, asked at once. */
export function patienceLeft(refused: Refused | undefined, refreshRequest: RefreshRequest, elapsed: number): number {
  if (
    !refused ||
    refused.refreshRequest.fingerprint !== refreshRequest.fingerprint ||
    asksAnew(refused, refreshRequest.refreshes)
  )
    return 0;
  return Math.max(refused.until - elapsed, 0);
}

/** A number in [0, 1) from the leading hexadecimal digits of a key. */
function fractionOf(grantKey: string): number {
  const digits = Number.parseInt(grantKey.slice(0, 8), 16);
  return digits >= 0 ? digits / 0x1_0000_0000 : 0;
}
