// The contract of every provider, whatever cloud stands behind it.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import { OperatorError, type Retry } from "../../src/runtime/errors.ts";
import type { Grant } from "../../src/providers/grant.ts";
import type { Provider } from "../../src/providers/provider.ts";
import type { NewToken } from "../../src/cluster/token.ts";

/** How the other side may answer instead of with a token. */
export type Behaviour =
  /** Asks for patience, of 7 seconds. */
  | "throttle"
  /** Never answers. */
  | "slow"
  /** JSON that stops in the middle. */
  | "truncated"
  /** 200, and an error in the body. */
  | "error-body"
  /** A token without a letter. */
  | "empty"
  | "no-expiry"
  | "expired"
  /** The identity may not have a token. */
  | "deny"
  /** The identity's own token is meant for somebody else. */
  | "wrong-audience";

/** A provider whose other side works. */
export interface Subject<G extends Grant> {
  readonly provider: Provider<G>;
  readonly clock: Clock;
  readonly grant: G;
  /** What the identity shows and the other side's bodies quote; must be seen nowhere, as the passwords that are fetched. */
  readonly secrets: readonly string[];
  /** From now on the other side answers so; `asked` is to be called when a slow one is asked. */
  readonly behave: (behaviour: Behaviour, asked: () => void) => void;
}

interface Expected {
  readonly reason: RegExp;
  readonly retry: Retry;
}

export interface ContractOptions<G extends Grant> {
  /** A new one for each test. */
  readonly subject: () => Subject<G> | Promise<Subject<G>>;
  /** All, unless some cannot happen. */
  readonly behaviours?: readonly Behaviour[];
  /** A token may name no end; never, for a cloud. */
  readonly mayBeEndless?: boolean;
  /** What an answer that is no good token ends in. */
  readonly invalid?: Expected;
  /** What a denial ends in. */
  readonly denied?: Expected;
}

const all: readonly Behaviour[] = [
  "throttle",
  "slow",
  "truncated",
  "error-body",
  "empty",
  "no-expiry",
  "expired",
  "deny",
  "wrong-audience",
];
const never = new AbortController().signal;
const nothing = (): void => undefined;

/** The cases that a provider's test file calls once: `contract("ECR", { subject: async () => ... })`. */
export function contract<G extends Grant>(name: string, options: ContractOptions<G>): void {
  const {
    subject,
    behaviours = all,
    mayBeEndless = false,
    invalid = { reason: /^(InvalidAnswer|CloudUnavailable)$/, retry: "backoff" },
    denied = { reason: /^Denied$/, retry: "slowly" },
  } = options;
  const possible = (...some: readonly Behaviour[]): readonly Behaviour[] =>
    some.filter((behaviour) => behaviours.includes(behaviour));

  /** How a fetch fails when the other side answers so; fails where it shows a secret. */
  const failureWhen = async (behaviour: Behaviour): Promise<OperatorError> => {
    const { provider, grant, secrets, behave } = await subject();
    const before = await provider.fetch(grant, never);
    behave(behaviour, nothing);
    const error = await failureOf(provider, grant);
    expect(error.message.length).toBeGreaterThan(20);
    expect(error.message.length).toBeLessThanOrEqual(1024);
    const shown = [error.message, error.stack ?? "", inspect(error, { depth: 9 }), JSON.stringify(error)];
    const hidden = [...secrets, ...passwordsOf(before)];
    expect(shownIn(hidden, ...shown, inspect(error.origin, { depth: 9 }))).toBe(0);
    return error;
  };

  describe(`${name}, as every provider,`, () => {
    it("fetches a login that is good from now on, until an honest end", async () => {
      const { provider, grant, clock } = await subject();
      const startedAt = clock.now();
      const minted = await provider.fetch(grant, never);
      expect(passwordsOf(minted).length).toBeGreaterThan(0);
      expect(passwordsOf(minted)).not.toContain("");
      expect(Temporal.Instant.compare(minted.issuedAt, startedAt)).toBeGreaterThanOrEqual(0);
      expect(Temporal.Instant.compare(minted.issuedAt, clock.now())).toBeLessThanOrEqual(0);
      const alive = minted.expiresAt ? Temporal.Instant.compare(minted.expiresAt, clock.now()) === 1 : mayBeEndless;
      expect(alive).toBe(true);
    });

    it("fetches twice at once, and changes no grant", async () => {
      const { provider, grant } = await subject();
      const before = structuredClone(grant);
      const both = await Promise.all([provider.fetch(grant, never), provider.fetch(grant, never)]);
      for (const minted of both) expect(passwordsOf(minted)).not.toContain("");
      expect(grant).toEqual(before);
    });

    it("never shows a secret in what it fetched", async () => {
      const { provider, grant, secrets } = await subject();
      const minted = await provider.fetch(grant, never);
      const hidden = [...secrets, ...passwordsOf(minted)];
      expect(shownIn(hidden, JSON.stringify(minted), inspect(minted, { depth: 9, showHidden: true }))).toBe(0);
    });

    it.each(possible("throttle"))("obeys a %s, and tells for how long", async (behaviour) => {
      const error = await failureWhen(behaviour);
      expect(error).toMatchObject({ reason: "Throttled", retry: "backoff" });
      expect(error.retryAfter?.total("seconds")).toBe(7);
    });

    it.each(possible("slow"))("ends with the signal where the other side is %s", async (behaviour) => {
      const { provider, grant, behave } = await subject();
      const stop = new AbortController();
      behave(behaviour, () => stop.abort(new Error("enough")));
      await expect(provider.fetch(grant, stop.signal)).rejects.toThrow("enough");
    });

    it.each(possible("truncated", "error-body", "empty", "no-expiry", "expired"))(
      "never makes a token of an answer that is %s",
      async (behaviour) => {
        const error = await failureWhen(behaviour);
        expect(error.reason).toMatch(invalid.reason);
        expect(error.retry).toBe(invalid.retry);
      },
    );

    it.each(possible("deny", "wrong-audience"))("tells what to do about a %s", async (behaviour) => {
      const error = await failureWhen(behaviour);
      expect(error.reason).toMatch(denied.reason);
      expect(error.retry).toBe(denied.retry);
      // The message says what was refused, and after a colon what to look at.
      expect(error.message).toMatch(/: .{15}/);
    });
  });
}

/** What a fetch is refused with; fails where it succeeds or throws anything else. */
export async function failureOf<G extends Grant>(provider: Provider<G>, grant: G): Promise<OperatorError> {
  const answer = await provider.fetch(grant, never).catch((error: unknown) => error);
  if (!(answer instanceof OperatorError)) throw new Error("expected an OperatorError", { cause: answer });
  return answer;
}

export function passwordsOf({ logins }: Pick<NewToken, "logins">): readonly string[] {
  return ("all" in logins ? [logins.all] : [...logins.byHost.values()]).map(({ password }) => password.reveal());
}

/** How many of the secrets can be seen; a number, so that a test that fails does not print them. */
function shownIn(secrets: readonly string[], ...texts: readonly string[]): number {
  return secrets.filter((secret) => texts.some((text) => text.includes(secret))).length;
}
