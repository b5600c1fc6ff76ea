// The namespaces that a spec of the threat test selects, and when. Said once more, apart from the operator's own code.
import { type Lasting, lastingAt } from "./judge.ts";

/** The part of spec.namespaces that the test uses: names, of which the last character may be `*`. */
export interface Selection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** The value that the Namespace's label `threat` must have. */
  readonly label: string | undefined;
}

export interface NamespaceState {
  readonly name: string;
  readonly uid: string;
  /** Its label `threat`. */
  readonly threat: string | undefined;
  readonly optedOut: boolean;
  readonly terminating: boolean;
}

export function selects({ include, exclude, label }: Selection, namespace: NamespaceState): boolean {
  const matches = (glob: string): boolean =>
    glob.endsWith("*") ? namespace.name.startsWith(glob.slice(0, -1)) : glob === namespace.name;
  return (
    !namespace.optedOut &&
    include.some(matches) &&
    !exclude.some(matches) &&
    (label === undefined || namespace.threat === label)
  );
}

/** Around a change: the operator may act by what was there a moment before, and a watch may tell of it a moment late. */
const afterwards = 3_000;
const beforehand = 1_000;

/** Whether it was right at this time, or just before or after it. */
export function selectedAbout(
  selections: readonly Lasting<Selection>[],
  states: readonly Lasting<NamespaceState>[],
  at: number,
): boolean {
  const about = states.map(({ what, from, until }) => ({ what, from: from - beforehand, until: until + afterwards }));
  return lastingAt(selections, at).some((selection) => lastingAt(about, at).some((state) => selects(selection, state)));
}

/** Whether the namespace is going, has gone or comes about this time. */
export function vanishingAbout(states: readonly Lasting<NamespaceState>[], at: number): boolean {
  const there = lastingAt(states, at).filter(({ terminating }) => !terminating);
  const wasGoing = states.some(
    ({ what, from, until }) => what.terminating && from - beforehand <= at && at <= until + afterwards,
  );
  return there.length === 0 || wasGoing;
}
