// A fault that is put back into a copy of the source, to see that a test finds it.

/** A text that is replaced by another. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs once. */
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  /** One of the ten faults that were seen on the installed operator, as docs/security.md numbers them; or who finds it. */
  readonly fault: number | "failures" | "world";
  /** What is wrong with it, as a sentence. */
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly foundBy: Finder;
}

export interface Finder {
  readonly phase: "unit" | "integration";
  /** A test file. */
  readonly path: string;
  /** Part of the names of the tests that are run; all of the file, if absent. */
  readonly test?: string;
}
