// With which credentials does a call go out while files and tokens change underneath?
import type { Clock } from "../clock.ts";
import { apiErrorFromFailure, unavailable } from "./api-error.ts";
import type { Connection, Credentials } from "./connection.ts";

// client-go does the same: k8s.io/client-go/transport/token_source.go, cachingTokenSource for files
const credentialsLastMs = 60_000;

interface FreshCredentials {
  now(signal: AbortSignal): Promise<Credentials>;
  /** Newer ones than those that were refused. */
  after(refused: Credentials, signal: AbortSignal): Promise<Credentials>;
}

/** Reads credentials about once a minute, and one reader at a time: an exec plugin would start a program per call. */
export function freshCredentials(connection: Connection, clock: Clock): FreshCredentials {
  let held: Credentials | undefined;
  let triedAt = 0;
  let reading: Promise<Credentials> | undefined;

  const read = (reread: boolean): Promise<Credentials> => {
    triedAt = clock.elapsed();
    reading ??= connection
      .credentials({ reread })
      .then((credentials) => (held = credentials))
      .catch((error: unknown) => {
        const { reason } = apiErrorFromFailure(error);
        throw unavailable(`cannot read the credentials for the API server (${reason})`, "CredentialsUnreadable");
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  return {
    now: (signal) => {
      if (!held) return orAborted(read(false), signal);
      // Nobody waits for the new ones, and a file that is just being replaced does no harm: what was good a minute ago is
      // likely to be still. If not, the 401 tells.
      if (clock.elapsed() - triedAt >= credentialsLastMs) read(false).catch(() => undefined);
      return Promise.resolve(held);
    },
    after: (refused, signal) => (held && held !== refused ? Promise.resolve(held) : orAborted(read(true), signal)),
  };
}

/** An exec plugin may hang, a call may not. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
