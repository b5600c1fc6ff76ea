// The limit of the removal guard: which removal is so large that a person must confirm it first.
import type { Reason } from "../api/reasons.ts";
import { boundedNumber, bounds } from "../runtime/foreign-numbers.ts";
import { kubectl, type Step } from "../runtime/steps.ts";

// A mistyped glob is noticed by how much it takes away: more than a handful of namespaces, and a real share of them.
const handful = 10;
const share = 0.2;
/** Removals within this time count as one change. */
export const removalWindow = Temporal.Duration.from({ minutes: 10 });

/**
 * Why a namespace loses a credential. Spec: the RegistryCredential selects otherwise. Labels: the Namespace's own labels have
 * changed. They are counted apart, because tenants may be able to write labels, and nothing that a tenant does may hold up
 * what an administrator has taken out of a spec.
 */
export type RemovalCause = "Spec" | "Labels";

/** What a status says of a hold, and what is read there again after a start. */
export const reasonOfHold = {
  Spec: "TooManyNamespaces",
  Labels: "NamespacesRelabelled",
} as const satisfies Readonly<Record<RemovalCause, Reason>>;

export interface Removal {
  /** Namespaces that have the credential now, as the operator's own record says. */
  readonly served: number;
  /** Of these: the ones that would lose it for this cause, though the Namespace lives on. */
  readonly leaving: number;
  /** Others that lost it for this cause within the window. */
  readonly removedLately: number;
  /** It was held before. A hold stays until it is allowed, the spec changes, or nobody is left: tenants who go by themselves do not end it. */
  readonly wasHeld: boolean;
  /** How many a person lets go of: see `allowedRemoval`. */
  readonly allowed: number;
}

export function isTooLarge({ served, leaving, removedLately, wasHeld, allowed }: Removal): boolean {
  const total = leaving + removedLately;
  if (leaving === 0 || total <= allowed) return false;
  return wasHeld || (total > handful && total > share * (served + removedLately));
}

/** The number in the annotation `regcred.dev/allow-removal`: GENERATION-COUNT. Tied to the generation, so that a confirmation does not outlive its change. */
export function allowedRemoval(annotation: string | undefined, generation: number): number {
  const [, of, count] = /^(\d{1,15})-(\d{1,15})$/.exec(annotation ?? "") ?? [];
  return boundedNumber(of, bounds.count) === generation ? (boundedNumber(count, bounds.count) ?? 0) : 0;
}

export interface Held {
  readonly cause: RemovalCause;
  readonly count: number;
  readonly message: string;
  readonly steps: readonly Step[];
}

export interface HeldSnapshot {
  readonly name: string;
  readonly generation: number;
  readonly served: number;
  readonly cause: RemovalCause;
  /** Names of those that are held. */
  readonly leaving: readonly string[];
  /** How many must be allowed. */
  readonly total: number;
}

// A condition message should stay readable.
const maxExamples = 5;

export function heldFrom({ name, generation, served, cause, leaving, total }: HeldSnapshot): Held {
  const count = leaving.length;
  const examples = leaving.toSorted().slice(0, maxExamples).join(", ");
  const why = cause === "Spec" ? "" : " because their labels have changed";
  return {
    cause,
    count,
    message: `${count} of ${served} namespaces would lose this credential${why} (${examples}${count > maxExamples ? ", ..." : ""}); nothing is removed and they stay fresh`,
    steps: [
      {
        message: "if that is right",
        command: kubectl`annotate registrycredential ${name} regcred.dev/allow-removal=${`${generation}-${total}`} --overwrite`,
      },
    ],
  };
}
