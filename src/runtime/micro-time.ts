// How is an instant written where Kubernetes wants a MicroTime?

/** It has exactly six digits: https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#MicroTime */
export function microTime(at: Temporal.Instant): string {
  return at.toString({ fractionalSecondDigits: 6 });
}
