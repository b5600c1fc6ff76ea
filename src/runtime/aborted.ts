// A promise that rejects when a signal aborts, to race against what would never end by itself.

/** Pends until the signal aborts, then rejects with its reason. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
