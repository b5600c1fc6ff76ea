// Formats an instant as a MicroTime of Kubernetes.

/** It has exactly six digits: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#MicroTime */
export function microTime(at: Temporal.Instant): string {
  return at.toString({ fractionalSecondDigits: 6 });
}
