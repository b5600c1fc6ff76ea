// Time left, in words and as a bar.
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import type { Style, Terminal } from "./terminal.ts";
import type { Cell } from "./layout.ts";

const barLength = 10;
// What is renewed at half of its life shows yellow when a renewal is overdue, red when little is left for fixing it.
const overdue = 0.4;
const urgent = 0.15;

/** The two largest units: `2d 4h`, `5h 12m`, `3m 9s`; `expired` for the past. */
export function timeLeftText(until: Temporal.Instant, now: Temporal.Instant): string {
  const seconds = Math.floor(now.until(until).total("seconds"));
  return seconds <= 0 ? "expired" : unitsText(seconds, 2);
}

/** The largest unit: `5h`. */
export function ageText(since: Temporal.Instant, now: Temporal.Instant): string {
  return unitsText(Math.max(Math.floor(since.until(now).total("seconds")), 1), 1);
}

function unitsText(seconds: number, max: number): string {
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  return units
    .slice(first, first + max)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** With a bar of the share of its life on a terminal, with a percentage elsewhere. */
export function timeLeft(
  {
    expiresAt,
    refreshedAt,
  }: { readonly expiresAt: Temporal.Instant; readonly refreshedAt: Temporal.Instant | undefined },
  now: Temporal.Instant,
  { width, hasBlocks }: Pick<Terminal, "width" | "hasBlocks">,
): Cell {
  const text = timeLeftText(expiresAt, now);
  const life = refreshedAt ? refreshedAt.until(expiresAt).total("seconds") : 0;
  if (life <= 0) return { text };
  const share = Math.min(Math.max(now.until(expiresAt).total("seconds") / life, 0), 1);
  const style: Style = share > overdue ? "green" : share > urgent ? "yellow" : "red";
  if (width === undefined) return { text: `${text} (${Math.round(share * 100)}%)`, style };
  const full = Math.ceil(share * barLength);
  const [on, off] = hasBlocks ? ["█", "░"] : ["#", "."];
  return { text: `${on.repeat(full)}${off.repeat(barLength - full)} ${text}`, style };
}

/** Undefined for what is no time. */
export function timeOf(text: string | undefined): Temporal.Instant | undefined {
  return text === undefined ? undefined : timeOfText(text);
}
