// Tests that an identity that is refused is spared further attempts, without harm to others.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Failure, OperatorError } from "../../src/runtime/errors.ts";
import type { Grant } from "../../src/providers/grant.ts";
import type { Provider } from "../../src/providers/provider.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { withCircuitBreaker } from "../../src/providers/with-circuit-breaker.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";
import { ecrGrant, googleGrant, staticGrant } from "./grants.ts";

const never = new AbortController().signal;
const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const denied: Failure = { reason: "Denied", cause: "Platform", retry: "slowly", message: "STS refuses" };
const throttled: Failure = { reason: "Throttled", cause: "Platform", retry: "backoff", message: "patience" };

interface World {
  readonly clock: FakeClock;
  readonly provider: Provider;
  /** Grants that reached the cloud. */
  readonly asked: Grant[];
  /** What the cloud says from now on. */
  answer: (grant: Grant) => Error | undefined;
  secretVersion: string;
  within: Temporal.Duration | undefined;
  insisted: boolean;
  /** What the caller hears. */
  readonly ask: (grant?: Grant) => Promise<string>;
}

function world(): World {
  const clock = fakeClock();
  const minted: NewToken = {
    logins: { all: { username: "AWS", password: new Redacted("x") } },
    issuedAt: clock.now(),
    expiresAt: clock.now().add({ hours: 12 }),
  };
  const asked: Grant[] = [];
  const cloud: Provider = {
    fetch: async (grant) => {
      asked.push(grant);
      // An answer takes a moment.
      await Promise.resolve();
      const error = here.answer(grant);
      if (error) throw error;
      return minted;
    },
  };
  const provider = withCircuitBreaker(cloud, {
    clock,
    random: () => 1,
    operatorNamespace: "ops",
    secret: () => ({ uid: "u", resourceVersion: here.secretVersion }),
    retryWithin: () => here.within,
    insists: () => here.insisted,
  });
  const here: World = {
    clock,
    provider,
    asked,
    answer: () => new OperatorError(denied),
    secretVersion: "1",
    within: undefined,
    insisted: false,
    ask: async (grant = googleGrant()) => {
      try {
        await provider.fetch(grant, never);
        return "minted";
      } catch (error) {
        return (error as Error).message;
      }
    },
  };
  return here;
}

async function opened(failure: Failure = denied): Promise<World> {
  const here = world();
  here.answer = () => new OperatorError(failure);
  for (let attempt = 0; attempt < 3; attempt += 1) await here.ask();
  here.asked.length = 0;
  return here;
}

describe("the circuit of an identity", () => {
  it("stays closed for two refusals, opens with the third, and says since when", async () => {
    const { ask, asked, clock } = world();
    expect(await ask()).toBe("STS refuses");
    await clock.advance(ms(5_000));
    expect(await ask()).toBe("STS refuses");
    expect(await ask()).toContain("STS refuses; so it has been since 2026-01-01T00:00:00Z");
    expect(await ask()).toContain("is asked again within a minute");
    expect(asked).toHaveLength(3);
  });

  it.each([
    ["denied", denied],
    ["throttled", throttled],
  ])("keeps what a person reads of a failure when %s", async (_what, failure) => {
    const { provider, asked } = await opened(failure);
    const { reason, cause, retry } = failure;
    await expect(provider.fetch(googleGrant({ scopes: ["other"] }), never)).rejects.toMatchObject({
      reason,
      cause,
      retry,
    });
    expect(asked).toHaveLength(0);
  });

  it("says the same for as long as it lasts, whoever asks", async () => {
    const { ask, clock } = await opened();
    const texts = new Set<string>();
    for (let minute = 0; minute < 10; minute += 1) {
      texts.add(await ask());
      texts.add(await ask(googleGrant({ scopes: ["other"] })));
      await clock.advance(ms(60_000));
    }
    expect(texts.size).toBe(1);
  });

  it("lets one try, ever more seldom, at most a minute apart", async () => {
    const here = await opened();
    const tries: number[] = [];
    for (let tick = 0; tick < 400; tick += 1) {
      await here.clock.advance(ms(1_000));
      await Promise.all([
        here.ask(googleGrant({ scopes: [String(tick)] })),
        here.ask(googleGrant({ scopes: [`b${tick}`] })),
      ]);
      if (here.asked.length > 0) tries.push(tick + 1);
      expect(here.asked.length).toBeLessThanOrEqual(1);
      here.asked.length = 0;
    }
    expect(tries).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]);
  });

  it("closes with the first success", async () => {
    const here = await opened();
    here.answer = () => undefined;
    await here.clock.advance(ms(1_000));
    expect(await here.ask()).toBe("minted");
    here.answer = () => new OperatorError(denied);
    expect(await here.ask()).toBe("STS refuses");
    expect(await here.ask(googleGrant({ scopes: ["other"] }))).toBe("STS refuses");
  });

  it("is another one for another identity, and there is none for a static source", async () => {
    const { ask, asked } = await opened();
    await ask(ecrGrant());
    for (let attempt = 0; attempt < 5; attempt += 1) await ask(staticGrant);
    expect(asked).toHaveLength(6);
  });

  it("is another one once the identity's Secret has changed", async () => {
    const here = await opened();
    here.secretVersion = "2";
    here.answer = () => undefined;
    expect(await here.ask()).toBe("minted");
  });

  it("knows only who was turned away by itself, not by the one before the Secret was changed", async () => {
    const here = await opened();
    const mine = googleGrant({ scopes: ["mine"] });
    await here.ask(mine);
    here.secretVersion = "2";
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await here.ask();
      await here.clock.advance(ms(60_000));
    }
    await here.ask();
    here.asked.length = 0;
    expect(await here.ask(mine)).toContain("so it has been since");
    expect(here.asked).toEqual([]);
  });

  it("counts and tells no refusals of another one, nor makes its grants wait", async () => {
    const here = await opened({ ...throttled, retryAfter: Temporal.Duration.from({ seconds: 40 }) });
    here.answer = () => new OperatorError(denied);
    const other = ecrGrant();
    for (let attempt = 0; attempt < 5; attempt += 1) await here.ask();
    expect([await here.ask(other), await here.ask(other)]).toEqual(["STS refuses", "STS refuses"]);
    expect(here.asked).toEqual([other, other]);
    expect(await here.ask(other)).toContain("STS refuses; so it has been since");
    expect(await here.ask()).toContain("patience; so it has been since");
    // Its end is another one's beginning: the first goes on as it was.
    await here.clock.advance(ms(1_000));
    here.answer = () => undefined;
    expect([await here.ask(other), await here.ask()]).toEqual(["minted", expect.stringContaining("patience")]);
  });

  it("does not open for what says nothing about the identity, nor count it as a success", async () => {
    const here = world();
    here.answer = () => new Error("connection reset");
    for (let attempt = 0; attempt < 10; attempt += 1) await here.ask();
    expect(here.asked).toHaveLength(10);
    here.answer = () => new OperatorError(denied);
    await here.ask();
    await here.ask();
    here.answer = () => new Error("connection reset");
    await here.ask();
    here.answer = () => new OperatorError(denied);
    expect(await here.ask()).toContain("so it has been since");
  });

  it("lets the next one try where the one that tried heard nothing of use", async () => {
    const here = await opened();
    here.answer = () => new Error("connection reset");
    await here.clock.advance(ms(1_000));
    expect(await here.ask()).toBe("connection reset");
    expect(await here.ask()).toBe("connection reset");
  });

  it("honours Retry-After, though for no more than a minute", async () => {
    const here = await opened({ ...throttled, retryAfter: Temporal.Duration.from({ hours: 1 }) });
    await here.clock.advance(ms(59_000));
    await here.ask();
    expect(here.asked).toHaveLength(0);
    await here.clock.advance(ms(1_000));
    await here.ask();
    expect(here.asked).toHaveLength(1);
  });

  it("turns nobody away for whom a person asks", async () => {
    const here = await opened({ ...throttled, retryAfter: Temporal.Duration.from({ hours: 1 }) });
    here.insisted = true;
    await here.ask();
    expect(here.asked).toHaveLength(1);
    here.insisted = false;
    await here.ask();
    expect(here.asked).toHaveLength(1);
  });

  it("tells who comes back by itself when it is of use, and leaves slow retries open to events", async () => {
    const retryAfter = { ...throttled, retryAfter: Temporal.Duration.from({ seconds: 40 }) };
    const patient = await opened(retryAfter);
    await patient.clock.advance(ms(10_000));
    await expect(patient.provider.fetch(googleGrant(), never)).rejects.toMatchObject({ retryAfter: ms(30_000) });
    const slow = await opened();
    const error = await slow.provider.fetch(googleGrant(), never).catch((each: unknown) => each);
    expect((error as OperatorError).retryAfter).toBeUndefined();
  });

  it("turns nobody away for longer than a minute, or a tenth of the life that is left", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.integer({ min: 1_000, max: 200_000 }), { nil: undefined }),
        fc.array(fc.integer({ min: 100, max: 20_000 }), { minLength: 20, maxLength: 80 }),
        async (within, pauses) => {
          const here = await opened();
          here.within = within === undefined ? undefined : ms(within);
          const mine = googleGrant({ scopes: ["mine"] });
          here.answer = (grant) => (grant === mine ? undefined : new OperatorError(denied));
          let turnedAwayAt: number | undefined;
          for (const pause of pauses) {
            // The others come first, always.
            for (const scope of ["a", "b"]) await here.ask(googleGrant({ scopes: [scope] }));
            const reported = await here.ask(mine);
            const now = here.clock.elapsed();
            if (reported === "minted") return;
            turnedAwayAt ??= now;
            expect(now - turnedAwayAt).toBeLessThan(Math.min(within ?? 60_000, 60_000));
            await here.clock.advance(ms(pause));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
