// The result of a read, for whoever may not see everything.

/** What was asked for: it is there, it is not, or whoever asked may not see it. */
export type Seen<T> =
  | { readonly seen: "there"; readonly value: T }
  | { readonly seen: "absent" }
  | { readonly seen: "hidden" };

export function there<T>(seen: Seen<T> | undefined): T | undefined {
  return seen?.seen === "there" ? seen.value : undefined;
}
