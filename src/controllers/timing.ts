// Lengths of time that say nothing about what is right, only how long one waits for it.

/** What is absent is as it says where it is used. */
export interface Timing {
  /** Reports wait so long for more changes, to tell of them together. */
  readonly debounce?: Temporal.Duration;
  /** What only a person can mend, and nobody tells of, is looked at again so soon. */
  readonly slowly?: Temporal.Duration;
  /** A token that nobody needs is kept so long, and what is not known yet is asked for again as soon. */
  readonly unused?: Temporal.Duration;
  /** The API server's answers are awaited so long where a call does not say. */
  readonly answer?: Temporal.Duration;
}
