// Instants as Kubernetes writes them, and the first of several.

/** MicroTime: exactly six digits: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#MicroTime */
export function microTime(at: Temporal.Instant): string {
  return at.toString({ fractionalSecondDigits: 6 });
}

/** metav1.Time: RFC 3339 with whole seconds. */
export function timeText(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: "second" });
}

/** The earliestInstant of at least one. */
export function earliestInstant(instants: readonly Temporal.Instant[]): Temporal.Instant {
  return instants.reduce((first, next) => (Temporal.Instant.compare(next, first) < 0 ? next : first));
}
