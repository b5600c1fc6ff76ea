// Ends the demo on Ctrl-C at any moment, and never in the middle of its cleaning up.

export interface Interruption {
  /** Aborted by the first signal that asks the program to end. */
  readonly signal: AbortSignal;
  /** From here on signals mean what they always mean. */
  readonly end: () => void;
}

// SIGHUP: the terminal was closed.
const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The error with which the signal is aborted: no fault of the step that it stops. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** `again` is called for each further signal, which has no other effect. */
export function interruption(again: () => void): Interruption {
  const controller = new AbortController();
  const onSignal = (name: string): void => {
    if (controller.signal.aborted) again();
    else controller.abort(new Interrupted(`interrupted by ${name}`));
  };
  for (const name of stopSignals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of stopSignals) process.off(name, onSignal);
    },
  };
}

/** Resolves never, rejects when the signal is aborted: for what cannot be stopped, only left alone. */
export async function orInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
