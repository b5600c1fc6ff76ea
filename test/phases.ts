// The phases in which the tests run.

export const phases = {
  unit: "Unit tests (seconds)",
  integration: "Integration tests on a real control plane (minutes)",
  measuring: "Those that are about time and memory, and last as long as what they measure (minutes)",
  "without-gates": "What may differ on an API server without WatchList and MutatingAdmissionPolicy (minutes)",
  oldest: "The same on the oldest Kubernetes that is supported (minutes)",
  e2e: "The installed operator on a real node (minutes)",
  release: "From a release to a monitored install on a real node (minutes)",
};
export type Phase = keyof typeof phases;
/** What a person runs before a commit; it takes one release of Kubernetes. */
export const usual: readonly Phase[] = ["unit", "integration"];
/** What CI runs after it. */
export const rest: readonly Phase[] = ["measuring", "without-gates", "oldest"];
/** Integration tests of one file share a cluster and may tell a story in order; files know nothing of each other. */
export const shuffle: Record<Phase, readonly string[]> = {
  unit: ["--sequence.shuffle"],
  integration: ["--sequence.shuffle.files"],
  measuring: ["--sequence.shuffle.files"],
  "without-gates": ["--sequence.shuffle.files"],
  oldest: ["--sequence.shuffle.files"],
  e2e: [],
  release: [],
};
