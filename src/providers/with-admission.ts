// Admission: the asking of a provider is kept within what was admitted, and its end is told to who admits.
import { failure, isBeforeIdentity } from "../api/reasons.ts";
import { type Failure, OperatorError } from "../runtime/errors.ts";
import type { Grant } from "./grant.ts";
import { unlessAborted } from "../runtime/aborted.ts";
import { NetworkError } from "./http/network-error.ts";
import type { Provider } from "./provider.ts";
import type { NewToken } from "../cluster/token.ts";

/**
 * How an attempt ended. `silence`: nobody answered, or not in time. `displaced`: it took longer than was left to it. `cut`: the
 * operator broke it off. `unasked`: it failed before anybody was asked.
 */
export type CallEnd =
  | { readonly kind: "token" | "answer" | "displaced" | "cut" | "unasked" }
  | { readonly kind: "silence"; readonly failure: Failure };

/** Who may ask now; see src/grants/admission.ts. */
export interface Admittance {
  /** The attempt begins; where there is a signal, it ends when that aborts. Throws OperatorError for one that may not ask now. */
  begin(grant: Grant): AbortSignal | undefined;
  /** The attempt that has begun is over. Returns what to tell in place of the error, if there is more to say. */
  ended(grant: Grant, how: CallEnd): Failure | undefined;
}

/** No attempt outlives its signal, so that whatever it is given is given back. */
export function withAdmission(provider: Provider, admittance: Admittance): Provider {
  return {
    fetch: async (grant, signal) => {
      const displaced = admittance.begin(grant);
      const either = displaced ? AbortSignal.any([signal, displaced]) : signal;
      let minted: NewToken;
      try {
        minted = await unlessAborted(provider.fetch(grant, either), either);
      } catch (error) {
        const how: CallEnd = displaced?.aborted && !signal.aborted ? { kind: "displaced" } : endOf(error, signal);
        const reported = admittance.ended(grant, how) ?? (how.kind === "silence" ? how.failure : undefined);
        throw reported ? new OperatorError(reported, error) : error;
      }
      admittance.ended(grant, { kind: "token" });
      return minted;
    },
  };
}

function endOf(error: unknown, signal: AbortSignal): CallEnd {
  if (signal.aborted) {
    // The run's own time is over; anything else is the end of the operator's work.
    const { reason } = signal as { readonly reason: unknown };
    const isLate = reason instanceof DOMException && reason.name === "TimeoutError";
    return isLate
      ? { kind: "silence", failure: unanswered("no token came in the time that an attempt has") }
      : { kind: "cut" };
  }
  if (error instanceof NetworkError) return { kind: "silence", failure: unanswered(error.message) };
  if (error instanceof OperatorError && error.origin instanceof NetworkError)
    return { kind: "silence", failure: error };
  return { kind: isUnasked(error) ? "unasked" : "answer" };
}

// An identity whose keys or tokens cannot be had is what a tenant can bring about by itself, as often as it likes; taken for an
// answer, that would tell that an authority is there which is not.
/** The API server gives the tokens of ServiceAccounts, and is nobody's authority. */
function isUnasked(error: unknown): boolean {
  if (error instanceof OperatorError) return isBeforeIdentity(error);
  return error instanceof Error && error.name === "ApiError";
}

function unanswered(what: string): Failure {
  return failure("CloudUnavailable", { message: `${what}; it is tried again` });
}
