// Conditions of a RegistryCredential: for each type the good value, when it is there, and where it shows.

interface ConditionRow {
  /** The value in which nobody needs to look. */
  readonly good: "True" | "False";
  readonly present: "always" | "while True";
  /** `kubectl regcred status` lists it while it is not good; Ready has a column and a line of its own there. */
  readonly inStatus: boolean;
  /**
   * Which of its changes are an Event on the RegistryCredential, and in the log; "log": those for the worse, and the
   * Events are those of the entries, each with its own.
   */
  readonly events: "every change" | "for the worse" | "log" | "none";
  /** Columns of `kubectl get`, each with the member of the condition that it shows. */
  readonly columns?: readonly {
    readonly name: string;
    readonly shows: "status" | "reason";
    readonly description: string;
  }[];
  /** The metric that tells the same, and the alert on it. */
  readonly metric?: string;
  readonly alert?: string;
}

const rows = {
  Ready: {
    good: "True",
    present: "always",
    inStatus: false,
    events: "every change",
    columns: [
      { name: "Ready", shows: "status", description: "Whether every namespace that can be served is served." },
      { name: "Reason", shows: "reason", description: "Why it is ready or not." },
    ],
    metric: "regcred_namespaces",
    alert: "RegcredStatusAbsent",
  },
  // https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md#conditions has this one and Stalled.
  Reconciling: { good: "False", present: "while True", inStatus: false, events: "none" },
  Stalled: { good: "False", present: "while True", inStatus: true, events: "for the worse" },
  TokensFresh: {
    good: "True",
    present: "always",
    inStatus: true,
    events: "log",
    metric: "regcred_token_failing_grants",
    alert: "RegcredTokenExpiring",
  },
  // Its failures are a table of their own in `status`.
  Distributed: {
    good: "True",
    present: "always",
    inStatus: false,
    events: "for the worse",
    metric: "regcred_namespace_not_ready",
    alert: "RegcredNamespaceFailing",
  },
  RemovalHeld: {
    good: "False",
    present: "while True",
    inStatus: true,
    events: "for the worse",
    metric: "regcred_removal_held_namespaces",
    alert: "RegcredRemovalHeld",
  },
  DrainBlocked: { good: "False", present: "while True", inStatus: true, events: "for the worse" },
  CRDOutdated: { good: "False", present: "while True", inStatus: true, events: "for the worse" },
} as const satisfies Readonly<Record<string, ConditionRow>>;

export type ConditionType = keyof typeof rows;

export const conditions: Readonly<Record<ConditionType, ConditionRow>> = rows;

export const conditionTypes: readonly ConditionType[] = Object.keys(rows).filter(isConditionType);

/** An object may carry conditions of other releases: those are nobody's here. */
export function isConditionType(type: string): type is ConditionType {
  return Object.hasOwn(rows, type);
}

/** Not while it is unknown how it is, nor of a type that is not known. */
export function isBad({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return isConditionType(type) && status === (conditions[type].good === "True" ? "False" : "True");
}

/** @param status of a RegistryCredential, or none yet */
export function conditionOf<C extends { readonly type: string }>(
  status: { readonly conditions?: readonly C[] | undefined } | undefined,
  type: ConditionType,
): C | undefined {
  return status?.conditions?.find((each) => each.type === type);
}
