// The scenario that the tests of the guarded network start from.
import { afterEach } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type GuardedHttp, guardedHttp, type GuardedHttpOptions } from "../../../src/providers/http/guarded-http.ts";
import type { HttpCall } from "../../../src/providers/http/http.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { pollUntil } from "../../cluster/poll-until.ts";
import { type Answer, localServer, type LocalServer } from "../../runtime/client/local-server.ts";

/** Its certificate must be given as `ca`, or nothing trusts it. */
export const authority = certificateAuthority("test");
const certificate = authority.issue({ name: "server", hosts: ["registry.test", "*.azurecr.io", "127.0.0.1"] });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Closes at the end of the test. */
export function until<T extends { close(): Promise<void> }>(one: T): T {
  closing.push(() => one.close());
  return one;
}

export interface Site extends LocalServer {
  readonly port: number;
}

/** A server on loopback that calls itself registry.test; every request is answered with 200 and "fine" unless said otherwise. */
export async function site(answer: Answer = (_, response) => response.end("fine"), tls = true): Promise<Site> {
  const server = until(await localServer(answer, tls ? certificate : undefined));
  return { ...server, port: Number(new URL(server.url).port) };
}

/** All names lead to loopback, and all of it is allowed, unless a test says otherwise. */
export function network(options: Partial<GuardedHttpOptions> = {}): GuardedHttp {
  return until(
    guardedHttp({
      allowed: () => true,
      privateAllowed: () => true,
      environment: {},
      clock: systemClock(),
      resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
      ...options,
    }),
  );
}

export function get(url: string, more: Partial<HttpCall> = {}): HttpCall {
  return { method: "GET", url, ca: authority.certificate, ...more };
}

export const never = new AbortController().signal;

/** What a call threw; throws when it did not. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("the call went through");
}

/** Resolves when the condition holds. */
export async function eventually(what: string, check: () => boolean): Promise<void> {
  await pollUntil(check, {
    what,
    limit: Temporal.Duration.from({ seconds: 5 }),
    every: Temporal.Duration.from({ milliseconds: 5 }),
  });
}
