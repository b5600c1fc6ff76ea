// What must every registry kind do, whatever cloud stands behind it?
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/errors.ts";
import type { Grant } from "../../src/plan/grant.ts";
import type { Minted, Provider } from "../../src/providers/provider.ts";
import type { FakeClock } from "../fake-clock.ts";

/** A provider whose other side works and hands out logins with `secrets` in them. */
export interface Subject {
  readonly provider: Provider;
  readonly clock: FakeClock;
  readonly grant: Grant;
  /** Grants that the same token serves. */
  readonly alike: readonly Grant[];
  /** Grants that need tokens of their own. */
  readonly different: readonly Grant[];
  /** Every password or key that the other side knows; none may be seen anywhere. */
  readonly secrets: readonly string[];
  /** From now on the other side refuses. */
  readonly breakIt: () => void;
}

const never = new AbortController().signal;

/** The cases that a provider's test file calls once: `contract("Static", () => ...)`. */
export function contract(name: string, subject: () => Subject): void {
  describe(`${name}, as every provider,`, () => {
    it("names a grant by everything that decides which token is needed, and by nothing else", () => {
      const { provider, grant, alike, different, secrets } = subject();
      const key = provider.keyFor(grant);
      expect(provider.keyFor(structuredClone(grant))).toBe(key);
      for (const each of alike) expect(provider.keyFor(each)).toBe(key);
      expect(new Set([grant, ...different].map((each) => provider.keyFor(each))).size).toBe(different.length + 1);
      expect(JSON.parse(key)).toMatchObject({ v: expect.any(Number), provider: grant.provider });
      expectNone(secrets, key);
    });

    it("fetches a login that is good from now on, with the fingerprint of what it was made from", async () => {
      const { provider, grant, clock } = subject();
      const minted = await provider.fetch(grant, never);
      expect(passwordsOf(minted).every((password) => password !== "")).toBe(true);
      expect(passwordsOf(minted).length).toBeGreaterThan(0);
      expect(minted.issuedAt.toString()).toBe(clock.now().toString());
      expect(minted.expiresAt === undefined || Temporal.Instant.compare(minted.expiresAt, minted.issuedAt) === 1).toBe(
        true,
      );
      expect(minted.fingerprint).toBe(provider.fingerprint(grant));
    });

    it("gives the same for the same, also twice at once, and changes no grant", async () => {
      const { provider, grant } = subject();
      const before = structuredClone(grant);
      const [one, other] = await Promise.all([provider.fetch(grant, never), provider.fetch(grant, never)]);
      expect(passwordsOf(one)).toEqual(passwordsOf(other));
      expect(one.fingerprint).toBe(other.fingerprint);
      expect(grant).toEqual(before);
    });

    it("never shows a secret in what it fetched", async () => {
      const { provider, grant, secrets } = subject();
      const minted = await provider.fetch(grant, never);
      expectNone(secrets, JSON.stringify(minted), inspect(minted, { depth: 9 }), minted.fingerprint);
      expect(passwordsOf(minted).some((password) => secrets.includes(password))).toBe(true);
    });

    it("fails with a reason, a message that says what to do, and no secret in either", async () => {
      const { provider, grant, secrets, breakIt } = subject();
      breakIt();
      const error = await refusal(provider, grant);
      expect(error.reason).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(error.message.length).toBeGreaterThan(20);
      expect(error.message.length).toBeLessThanOrEqual(1024);
      expectNone(secrets, error.message, inspect(error, { depth: 9 }), JSON.stringify(error));
    });
  });
}

/** What a fetch is refused with; fails where it succeeds or throws anything else. */
export async function refusal(provider: Provider, grant: Grant): Promise<OperatorError> {
  const answer = await provider.fetch(grant, never).catch((error: unknown) => error);
  if (!(answer instanceof OperatorError)) throw new Error("expected an OperatorError", { cause: answer });
  return answer;
}

export function passwordsOf({ logins }: Pick<Minted, "logins">): readonly string[] {
  return ("all" in logins ? [logins.all] : [...logins.byHost.values()]).map(({ password }) => password.reveal());
}

function expectNone(secrets: readonly string[], ...texts: readonly string[]): void {
  for (const secret of secrets) for (const text of texts) expect(text.includes(secret)).toBe(false);
}
