// Is this removal so large that a person must confirm it first?

// A mistyped glob is noticed by how much it takes away: more than a handful of namespaces, and a real share of them.
const handful = 10;
const share = 0.2;
/** Removals within this time count as one change. */
export const brakeWindow = Temporal.Duration.from({ minutes: 10 });

export interface BrakeSnapshot {
  readonly name: string;
  readonly generation: number;
  /** Namespaces that have the credential now. */
  readonly served: number;
  /** Of these: the ones that would lose it, though the Namespace lives on. */
  readonly leaving: readonly string[];
  /** Namespaces that lost it within the window. */
  readonly removedLately: number;
  /** Value of the annotation `regcred.dev/allow-removal`: GENERATION-COUNT. */
  readonly allowed: string | undefined;
}

export interface Held {
  readonly count: number;
  readonly message: string;
}

/** Undefined: go on. */
export function brake(snapshot: BrakeSnapshot): Held | undefined {
  const { name, generation, served, leaving, removedLately, allowed } = snapshot;
  const count = leaving.length;
  const total = count + removedLately;
  if (count === 0 || total <= handful || total <= share * (served + removedLately)) return undefined;
  if (isAllowed(allowed, generation, total)) return undefined;
  const examples = leaving.toSorted().slice(0, 5).join(", ");
  return {
    count,
    message: `${count} of ${served} namespaces would lose this credential (${examples}${count > 5 ? ", ..." : ""}); nothing is removed and they stay fresh. If that is right: kubectl annotate registrycredential ${name} regcred.dev/allow-removal=${generation}-${total} --overwrite`,
  };
}

/** Tied to the generation, so that a confirmation does not outlive the change it was given for. */
function isAllowed(allowed: string | undefined, generation: number, total: number): boolean {
  const match = /^(\d+)-(\d+)$/.exec(allowed ?? "");
  return match !== null && Number(match[1]) === generation && total <= Number(match[2]);
}
