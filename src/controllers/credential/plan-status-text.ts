// Times, counts and long texts in a status.
import type { RegistryStatus } from "../../api/registry-credential.ts";

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function timeText(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: "second" });
}

/** The earliest of at least one. */
export function earliest(instants: readonly Temporal.Instant[]): Temporal.Instant {
  return instants.reduce((first, next) => (Temporal.Instant.compare(next, first) < 0 ? next : first));
}

/** Of an entry that was altered and has no token yet, or none that fits. */
export function formerText({ namespaces, until }: NonNullable<RegistryStatus["former"]>): string {
  const end = until === undefined ? "and names no end" : `and lives until ${until}`;
  return `what the entry had before it was altered stays in ${namespacesText(namespaces)}, ${end}`;
}

export function namespacesText(count: number): string {
  return count === 1 ? "1 namespace" : `${count} namespaces`;
}

/** As in `2 d 5 h`, `5 h 53 min` or `40 s`: rounded down, so that nobody counts on more than there is. */
export function leftText(left: Temporal.Duration): string {
  const seconds = Math.max(Math.floor(left.total("seconds")), 0);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
