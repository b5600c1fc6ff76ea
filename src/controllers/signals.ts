// Signals: what controllers hear of beside the changes of stores.
import { type Listeners, listeners } from "../runtime/watch/listeners.ts";

export interface Signals {
  /** All Secrets of this name are known, or may be seen again: those of one namespace, if it is given. */
  readonly secretsCalled: Listeners<{ readonly name: string; readonly namespace?: string | undefined }>;
  /** What the operator may not do, or may do again, is something else than before. */
  readonly permissions: Listeners<void>;
  /** The wall clock has jumped: whatever waits, by elapsed time, for a moment of wall time. */
  readonly clockSteps: Listeners<void>;
}

/** @param failed told what a listener threw: whoever is not told of a change because of it would wait for ever */
export function newSignals(failed: (error: unknown) => void): Signals {
  return { secretsCalled: listeners(failed), permissions: listeners(failed), clockSteps: listeners(failed) };
}
