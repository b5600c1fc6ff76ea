// Credentials for each call, while files and tokens change underneath.
import type { Clock } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import { type ApiError, apiErrorFromFailure, unavailable } from "./api-error.ts";
import type { Connection, Credentials } from "./connection.ts";

// client-go does the same: k8s.io/client-go/transport/token_source.go, cachingTokenSource for files
const credentialsLastMs = 60_000;
// Whoever distrusts the server for good does not read files with each call.
const doubtRestsMs = 1_000;

interface FreshCredentials {
  now(signal: AbortSignal): Promise<Credentials>;
  /** Newer ones than those that were refused. */
  after(refused: Credentials, signal: AbortSignal): Promise<Credentials>;
  /** The server's certificate is not trusted by them: the next call waits for what the files say now. */
  doubt(used: Credentials): void;
  /** What is to be said where a call has waited too long for its credentials; undefined where it did not. */
  overdue(signal: AbortSignal, withinMs: number): ApiError | undefined;
}

/** Reads credentials about once a minute, and one reader at a time: an exec plugin would start a program per call. */
export function freshCredentials(connection: Connection, clock: Clock): FreshCredentials {
  let held: Credentials | undefined;
  let doubted: Credentials | undefined;
  let triedAt = 0;
  let reading: Promise<Credentials> | undefined;
  /** Of the calls that cannot go out before they are read. */
  const waiting = new WeakSet<AbortSignal>();

  const read = (reread: boolean): Promise<Credentials> => {
    triedAt = clock.elapsed();
    reading ??= connection
      .credentials({ reread })
      .then((credentials) => (held = credentials))
      .catch((error: unknown) => {
        const what = error instanceof OperatorError ? error.message : (apiErrorFromFailure(error).reason ?? "unknown");
        throw unavailable(`cannot log in to the API server: ${what}`, credentialsUnreadable);
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const awaited = async (reread: boolean, signal: AbortSignal): Promise<Credentials> => {
    waiting.add(signal);
    const credentials = await orAborted(read(reread), signal);
    waiting.delete(signal);
    return credentials;
  };

  return {
    now: (signal) => {
      if (!held) return awaited(false, signal);
      const age = clock.elapsed() - triedAt;
      // A file that is just being replaced does no harm: what was good a minute ago is likely to be still.
      if (held === doubted && age >= doubtRestsMs)
        return awaited(false, signal).catch(() => held ?? awaited(false, signal));
      // Nobody waits for the new ones. If the old ones are none any more, the 401 tells.
      if (age >= credentialsLastMs) read(false).catch(() => undefined);
      return Promise.resolve(held);
    },
    after: (refused, signal) => (held && held !== refused ? Promise.resolve(held) : awaited(true, signal)),
    doubt: (used) => {
      doubted = used;
    },
    overdue: (signal, withinMs) =>
      waiting.has(signal)
        ? unavailable(
            `cannot log in to the API server: ${connection.plugin === undefined ? "reading the credentials" : `the exec plugin ${connection.plugin}`} takes longer than ${secondsText(withinMs)}`,
            credentialsUnreadable,
          )
        : undefined,
  };
}

/** The reason of the ApiError where there was nothing to log in with. */
export const credentialsUnreadable = "CredentialsUnreadable";

export function secondsText(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}

/** An exec plugin may hang, a call may not. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
