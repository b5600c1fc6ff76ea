// Lost races: somebody writes an object whenever we are about to.
import { failure } from "../api/reasons.ts";
import type { Failure } from "../runtime/errors.ts";
import { kubectl } from "../runtime/steps.ts";

/** Writes of ours in a row that came too late, each after another change. */
export interface LostRaces {
  /** Of the object, as we knew it when we lost last. */
  readonly resourceVersion: string;
  readonly count: number;
}

/** Two are an accident: a deploy, and a person. A watch that lags makes no more than one, for it shows no other version. */
export const maxLost = 5;

export function lostAgain(before: LostRaces | undefined, resourceVersion: string): LostRaces {
  if (before?.resourceVersion === resourceVersion) return before;
  return { resourceVersion, count: (before?.count ?? 0) + 1 };
}

/** Worth telling; undefined while it may be chance. */
export function alwaysTooLate(
  lost: LostRaces,
  {
    kind,
    namespace,
    name,
  }: { readonly kind: "Secret" | "ServiceAccount"; readonly namespace: string; readonly name: string },
): Failure | undefined {
  if (lost.count < maxLost) return undefined;
  return failure("Contested", {
    retry: "backoff",
    message: `somebody writes the ${kind} ${namespace}/${name} whenever regcred is about to, so that each write is refused as too late: metadata.managedFields names them`,
    steps: [
      {
        message: "see who, and stop them",
        command: kubectl`get ${kind.toLowerCase()} -n ${namespace} ${name} -o jsonpath={.metadata.managedFields[*].manager}`,
      },
    ],
  });
}

/** One of them. */
export const changedMeanwhile: Failure = failure("Conflict", {
  message: "the Secret changed while it was read; it is tried again",
});
