// The scenario that the tests of any provider start from.
import { afterEach } from "vitest";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { type GuardedHttp, guardedHttp, type GuardedHttpOptions } from "../../src/providers/http/guarded-http.ts";
import type { IdentitySource } from "../../src/providers/identity-source.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { Redacted } from "../../src/runtime/redacted.ts";

export const never = new AbortController().signal;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Closes at the end of the test. */
export function untilEnd<T extends { close(): Promise<void> }>(one: T): T {
  closing.push(() => one.close());
  return one;
}

/** The real egress to the network, which leads anywhere. */
export function egress(options: Partial<GuardedHttpOptions> = {}): {
  readonly clock: Clock;
  readonly guarded: GuardedHttp;
} {
  const clock = systemClock();
  const guarded = guardedHttp({
    allowed: () => true,
    privateAllowed: () => true,
    plainAllowed: () => true,
    environment: {},
    clock,
    ...options,
  });
  return { clock, guarded: untilEnd(guarded) };
}

/** Every name leads to loopback. */
export const loopback: NonNullable<GuardedHttpOptions["resolve"]> = () =>
  Promise.resolve([{ address: "127.0.0.1", family: 4 }]);

/** Secrets by name, and how tokens of ServiceAccounts are made; whatever is not given must not be asked for. */
export function identitiesFrom(
  secretCalled: (name: string) => Readonly<Record<string, string>> | undefined,
  token?: (subject: string, audience: string) => string,
): IdentitySource {
  return {
    secretValues: ({ name }) => {
      const values = secretCalled(name);
      if (!values) throw new TypeError(`the Secret ${name} is not expected to be read`);
      return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Redacted(value)]));
    },
    serviceAccountToken: ({ namespace, name }, audience) => {
      if (!token) return Promise.reject(new TypeError("no token is expected to be asked for"));
      return Promise.resolve(new Redacted(token(`system:serviceaccount:${namespace}:${name}`, audience)));
    },
  };
}

/** User and password of a token. */
export function loginIn({ logins }: NewToken): readonly [string, string] {
  if (!("all" in logins)) throw new TypeError("one login is expected");
  return [logins.all.username, logins.all.password.reveal()];
}

/** What a call threw; throws when it threw something else or nothing. */
export async function failureIn(call: Promise<unknown>): Promise<OperatorError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatorError) return error;
  throw new TypeError(`an OperatorError is expected, not ${String(error)}`);
}
