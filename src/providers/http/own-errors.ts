// The error of the last call, for an SDK that says no more than "network error".
import type { Http } from "./http.ts";

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
