// The subject of an explanation: whose pulls are asked about.

export interface Subject {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Undefined: a pod of the ServiceAccount that is created now. */
  readonly pod: string | undefined;
}

// What Kubernetes gives a pod that names none: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
const usualServiceAccount = "default";

/** `NAMESPACE [SERVICEACCOUNT | pod/NAME]`, as on the command line. */
export function subjectFrom(namespace: string, who: string | undefined): Subject {
  const pod = /^(?:pods?|po)\/(.+)$/.exec(who ?? "")?.[1];
  const serviceAccount = /^(?:(?:serviceaccounts?|sa)\/)?(.+)$/.exec(who ?? "")?.[1];
  return {
    namespace,
    pod,
    serviceAccount: pod === undefined ? (serviceAccount ?? usualServiceAccount) : usualServiceAccount,
  };
}
