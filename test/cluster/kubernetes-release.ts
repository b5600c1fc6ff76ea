// The releases of Kubernetes that the tests run on.

export interface KubernetesRelease {
  /** With its leading `v`. */
  readonly version: string;
  /** The folder below `binaries/` whose `go.mod` pins it. */
  readonly module: string;
  /** Kubernetes publishes no server for macOS, but the envtest bundle has one; it is made for few patch versions. */
  readonly envtest: string;
}

// Of binaries/*/go.mod; a test compares them. For envtest:
// https://github.com/kubernetes-sigs/controller-tools/blob/main/envtest-releases.yaml
export const newestKubernetes: KubernetesRelease = { version: "v1.37.2", module: "kubernetes", envtest: "v1.37.0" };

/** The oldest that managed clusters still run, in the extended support of their providers; ValidatingAdmissionPolicy is stable since 1.30. */
export const oldestKubernetes: KubernetesRelease = {
  version: "v1.31.13",
  module: "kubernetes-1.31",
  envtest: "v1.31.0",
};
