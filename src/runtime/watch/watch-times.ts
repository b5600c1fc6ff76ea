// Times of watches: how long a stream lasts, how long it may be silent, and how soon the next one begins.
import type { Random } from "../clock.ts";
import { milliseconds } from "./watchdog.ts";

/**
 * Bookmarks come about once a minute, also on a watch without events: apiserver, storage/cacher, bookmarkFrequency. The API
 * server ends any other request after 60 s by itself (--request-timeout).
 */
export const silenceLimit = Temporal.Duration.from({ seconds: 90 });
/** From the begin of a stream that has ended in good order to that of the next. */
export const minBetween = Temporal.Duration.from({ seconds: 1 });

// Below the 5 to 10 minutes of client-go, since some load balancers cut connections after 10.
const shortestWatch = Temporal.Duration.from({ seconds: 290 });
const longestWatch = Temporal.Duration.from({ seconds: 590 });
// A silent stream may be dead. Where no bookmark tells that it is not, it ends before it has been silent for too long.
const shortestWithoutBookmarks = Temporal.Duration.from({ seconds: 50 });
const longestWithoutBookmarks = Temporal.Duration.from({ seconds: 80 });
// Rare enough to cost nothing, and random so that no two operators' lists coincide.
const earliestVerification = Temporal.Duration.from({ hours: 6 });
const latestVerification = Temporal.Duration.from({ hours: 12 });

/** @param hasBookmarks as far as this server has shown */
export function streamTimeout(hasBookmarks: boolean, random: Random): Temporal.Duration {
  return hasBookmarks
    ? between(shortestWatch, longestWatch, random)
    : between(shortestWithoutBookmarks, longestWithoutBookmarks, random);
}

/** After a full list, until the next one. */
export function verificationPause(random: Random): Temporal.Duration {
  return between(earliestVerification, latestVerification, random);
}

function between(low: Temporal.Duration, high: Temporal.Duration, random: Random): Temporal.Duration {
  const [from, to] = [low.total("milliseconds"), high.total("milliseconds")];
  return milliseconds(from + random() * (to - from));
}
