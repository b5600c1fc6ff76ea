// Presence: an object is there, known to be absent, not seen, or may not be seen.
//
// That a store does not have it says nothing by itself. Whatever removes, forgets or collects something because something else
// is not there takes a `KnownAbsent`, and only who has seen a whole list, or has been told of a deletion, has one.

declare const seen: unique symbol;

/** The list that would name it is complete and does not, or its deletion was told. */
export interface KnownAbsent {
  readonly kind: "absent";
  readonly [seen]: true;
}

/** not-seen: not listed yet, or a list that fails, or that holds what cannot be read. not-permitted: the API server refuses to show it. */
export interface NotKnown {
  readonly kind: "not-seen" | "not-permitted";
}

export type Sighting<R> = { readonly kind: "there"; readonly record: R } | KnownAbsent | NotKnown;

/** Only where a list has ended, or a deletion is told: test/presence.test.ts lists the files. */
export const knownAbsent = { kind: "absent" } as KnownAbsent;

/** Of a change: the object that was there is there no more. One with another uid in its place says so too: none is used again. */
export function goneBy<R extends { readonly uid: string }>(change: {
  readonly before?: R | undefined;
  readonly after?: R | undefined;
  readonly gone?: KnownAbsent | undefined;
}): KnownAbsent | undefined {
  const { before, after, gone } = change;
  return before && after && before.uid !== after.uid ? knownAbsent : gone;
}
