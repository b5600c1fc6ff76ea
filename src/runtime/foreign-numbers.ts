// Bounds of numbers and times from outside: for each kind its unit, min, max, and what happens beyond.
import { instantOfHttpDate } from "./http-date.ts";

/** `none`: as if it had not been said. `min`, `max`: counts as that. `milliseconds`: it is read in those. */
type Beyond = "none" | "min" | "max" | "milliseconds";

export interface Bound {
  readonly unit: "seconds" | "seconds since 1970" | "count" | "port";
  readonly min: number;
  readonly below: Beyond;
  readonly max: number;
  readonly above: Beyond;
  /** Beyond this, a number of whole minutes in milliseconds is read in those, although it is not beyond the most. Default: never. */
  readonly doubted?: number;
  /** From here on it is a number of another kind, and ignored. Default: never. */
  readonly absurd?: number;
}

const minutes = 60;
const days = 24 * 60 * minutes;
/** The end of the year 9999, beyond which RFC 3339 (section 1) knows no time. */
const lastSecond = 253_402_300_799;

/** Every number that somebody else chooses passes one of these where it is read. */
export const bounds = {
  /** Retry-After of clouds and registries. Nobody is left alone for longer, though a server or a proxy may name a year. */
  cloudWait: { unit: "seconds", min: 0, below: "none", max: 15 * minutes, above: "max" },
  /**
   * Retry-After of the API server, which asks for 32 s at most: k8s.io/apiserver, dropped_requests_tracker.go. With the
   * jitter that is added for watches, everything comes back within a minute of a fault's end.
   */
  apiWait: { unit: "seconds", min: 0, below: "none", max: 40, above: "max" },
  /**
   * `expires_in`. The tokens of the clouds live for a day at most, and so do those that a recipe exists for. Some servers write
   * milliseconds, which are whole minutes of them (300000, 3600000), and as seconds more than a day; a few days in seconds
   * (172800, 2592000) are no whole minutes of milliseconds. Who took milliseconds for seconds would give out dead logins,
   * and who took seconds for milliseconds would drop living ones in an outage. A length of ten years is a time since 1970.
   */
  life: {
    unit: "seconds",
    min: 0,
    below: "none",
    max: 31 * days,
    above: "milliseconds",
    doubted: days,
    absurd: 3650 * days,
  },
  /** `exp`, `expiration`. Some servers write milliseconds, which as seconds lie tens of thousands of years ahead. */
  time: { unit: "seconds since 1970", min: 0, below: "none", max: lastSecond, above: "milliseconds" },
  /** leaseDurationSeconds: whoever has written it is waited for that long when it is silent. */
  lease: { unit: "seconds", min: 1, below: "min", max: minutes, above: "max" },
  /** leaseTransitions, an int32 that the API server takes: with another one, no Lease could be taken any more. */
  transitions: { unit: "count", min: 0, below: "none", max: 2 ** 31 - 2, above: "none" },
  /** What people and releases write as digits in annotations, names and versions. Exact: 2^53 is further. */
  count: { unit: "count", min: 0, below: "none", max: 999_999_999_999_999, above: "none" },
  /** RFC 6335 section 6: 0 is nobody's. */
  port: { unit: "port", min: 1, below: "none", max: 65_535, above: "none" },
} as const satisfies Record<string, Bound>;

/** No end is believed that is further ahead: every token is renewed, by whatever clock its issuer has gone. */
const furthestEnd = Temporal.Duration.from({ days: 31 });

/** Of a bound of lengths and counts. */
type Plain = Exclude<(typeof bounds)[keyof typeof bounds], typeof bounds.time>;

// More digits are no number that anybody means.
const digits = /^[0-9]{1,32}$/;
const longestTime = 64;
/** Characters of a header; a few times and numbers. */
const longestList = 256;

/** A number, or its decimal digits as text, as the bound has it; undefined for anything else: `0x10`, `1e3`, `-1`, ``. */
export function boundedNumber(value: unknown, bound: Plain): number | undefined {
  const number = numberIn(value);
  if (number === undefined) return undefined;
  if (number < bound.min) return bound.below === "min" ? bound.min : undefined;
  if ("absurd" in bound && number >= bound.absurd) return undefined;
  if (isInMilliseconds(number, bound)) return Math.min(number / 1000, bound.max);
  if (number <= bound.max) return number;
  return bound.above === "max" ? bound.max : undefined;
}

/** The number itself where it is read in milliseconds, to be told of; undefined for all else. */
export function inMilliseconds(value: unknown, bound: Plain): number | undefined {
  const number = numberIn(value);
  return number !== undefined && isInMilliseconds(number, bound) ? number : undefined;
}

function isInMilliseconds(number: number, bound: Bound): boolean {
  if (bound.above !== "milliseconds") return false;
  const isWholeMinutes = number % (minutes * 1000) === 0;
  return number > bound.max || (bound.doubted !== undefined && number > bound.doubted && isWholeMinutes);
}

/** Seconds as a Duration, in whole milliseconds. */
export function boundedSeconds(
  value: unknown,
  bound: Extract<Plain, { unit: "seconds" }>,
): Temporal.Duration | undefined {
  const seconds = boundedNumber(value, bound);
  return seconds === undefined ? undefined : Temporal.Duration.from({ milliseconds: Math.floor(seconds * 1000) });
}

/** By name in small letters; of what has several values, one text. */
type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Retry-After in seconds or as an HTTP date (RFC 9110 section 10.2.3), which is a time of the clock that wrote it. A time that
 * has passed is no wait. Of several, which a proxy makes of its own and the server's, the longest that can be read.
 */
export function retryAfterIn(headers: Headers, now: Temporal.Instant): Temporal.Duration | undefined {
  const waits = listItems(headers["retry-after"] ?? "").flatMap((item) => {
    const at = instantOfHttpDate(item, now);
    const seconds = at ? Math.max(byOwnClock(at, headers, now).since(now).total("seconds"), 0) : item.trim();
    return boundedSeconds(seconds, bounds.cloudWait) ?? [];
  });
  return waits.toSorted((one, other) => Temporal.Duration.compare(one, other)).at(-1);
}

// RFC 9110 section 5.6.1; the comma after the name of a day parts nothing.
function listItems(header: string): readonly string[] {
  return header.slice(0, longestList).match(/(?:[ \t]*[A-Z][a-z]{2,8},)?[^,]+/g) ?? [];
}

/** A Date, or any other object that counts milliseconds since 1970; undefined where it holds none. */
export function timeOfDate(date: object | undefined): Temporal.Instant | undefined {
  return date === undefined ? undefined : timeOfNumber(Number(date) / 1000);
}

/** Seconds. Clocks that are right differ by less, and those that are further apart say nothing of each other. */
const clocksDiffer = { min: minutes, max: 60 * minutes };

/**
 * A time that a server names, by our own clock. Where the server's differs by minutes, which its `Date` shows (RFC 9110 section
 * 6.6.1), what it says is meant by its own: who took it as it is would renew a token of five minutes when it has long ended. Of
 * both readings the earlier one counts, the later one only where by the earlier one it has passed.
 * @param now when the call was made: what passes until its answer comes lengthens no life
 */
export function byOwnClock(at: Temporal.Instant, headers: Headers, now: Temporal.Instant): Temporal.Instant {
  const theirs = instantOfHttpDate(headers["date"] ?? "", now);
  const ahead = theirs?.since(now);
  const apart = Math.abs(ahead?.total("seconds") ?? 0);
  if (!ahead || apart <= clocksDiffer.min || apart > clocksDiffer.max) return at;
  return ahead.sign > 0 || Temporal.Instant.compare(at, now) <= 0 ? at.subtract(ahead) : at;
}

/** Seconds since 1970, or milliseconds where as seconds they are beyond RFC 3339; undefined where they are as those, too. */
export function timeOfNumber(value: unknown): Temporal.Instant | undefined {
  const number = numberIn(value);
  const { min, max } = bounds.time;
  if (number === undefined || number < min || number > max * 1000) return undefined;
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(number > max ? number : number * 1000));
}

/** An RFC 3339 time; undefined for anything else, and for what ISO 8601 has before 1970 and after 9999. */
export function timeOfText(text: string): Temporal.Instant | undefined {
  if (text.length > longestTime) return undefined;
  try {
    const at = Temporal.Instant.from(text);
    const seconds = at.epochMilliseconds / 1000;
    return seconds < bounds.time.min || seconds >= bounds.time.max + 1 ? undefined : at;
  } catch {
    return undefined;
  }
}

/** The end that counts of what is issued now. */
export function boundedEnd(end: Temporal.Instant, issuedAt: Temporal.Instant): Temporal.Instant {
  const latest = issuedAt.add(furthestEnd.round({ largestUnit: "hours" }));
  return Temporal.Instant.compare(end, latest) > 0 ? latest : end;
}

/** Of a time that 0.1.0 has stored, whatever year its issuer had named; undefined for what is no time. */
export function boundedEndOfText(text: string, issuedAt: Temporal.Instant): Temporal.Instant | undefined {
  const end = timeOfText(text);
  if (end) return end;
  try {
    return boundedEnd(Temporal.Instant.from(text), issuedAt);
  } catch {
    return undefined;
  }
}

function numberIn(value: unknown): number | undefined {
  const number = typeof value === "string" && digits.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
