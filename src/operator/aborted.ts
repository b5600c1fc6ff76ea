// How is an abort waited for?

/** Rejects with the reason when the signal aborts; pends otherwise. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
