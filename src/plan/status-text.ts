// How are times, counts and long texts written in a status?

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function timeText(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: "second" });
}

/** The earliest of at least one. */
export function earliest(instants: readonly Temporal.Instant[]): Temporal.Instant {
  return instants.reduce((first, next) => (Temporal.Instant.compare(next, first) < 0 ? next : first));
}

/** At most `length` characters; what is cut ends in an ellipsis. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

export function namespacesText(count: number): string {
  return count === 1 ? "1 namespace" : `${count} namespaces`;
}
