// Shared by the adapters of the SDKs: signals, methods, and the errors that an SDK keeps to itself.
import type { Http, HttpCall } from "./http.ts";

/** What SDKs call an abort signal; in Node each is a real one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

/** Aborts with the first of these that is a signal and aborts. */
export function anySignal(...signals: readonly (AbortSignalLike | null | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal instanceof AbortSignal));
}

/** What every adapter needs. */
export interface AdapterOptions {
  /** PEM, beside the system's. */
  readonly ca?: string;
  /** Ends every call: an SDK makes calls of its own (STS before ECR) that are given no signal. */
  readonly signal?: AbortSignal;
}

const methods = ["GET", "POST", "PUT", "HEAD"] as const satisfies readonly HttpCall["method"][];

/** Throws TypeError for a method that no token endpoint needs. */
export function methodOf(text: string): HttpCall["method"] {
  const method = methods.find((each) => each === text.toUpperCase());
  if (!method) throw new TypeError("an SDK asks for an HTTP method that no token endpoint needs");
  return method;
}

/**
 * Runs `use` with an Http for its SDK. If the last call failed without an answer, its own error is thrown instead of what
 * the SDK made of it: MSAL keeps nothing of a refusal.
 */
export async function withOwnErrors<T>(http: Http, use: (http: Http) => Promise<T>): Promise<T> {
  let last: { readonly error: unknown } | undefined;
  const watched: Http = async (call, signal) => {
    last = undefined;
    try {
      return await http(call, signal);
    } catch (error) {
      last = { error };
      throw error;
    }
  };
  try {
    return await use(watched);
  } catch (error) {
    throw last ? last.error : error;
  }
}
