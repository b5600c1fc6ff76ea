// Does a provider ask no more than its budget allows?
import { describe, expect, it } from "vitest";
import type { Minted, Provider } from "../../src/providers/provider.ts";
import { withBudget } from "../../src/providers/with-budget.ts";
import { Redacted } from "../../src/redacted.ts";
import { fakeClock } from "../fake-clock.ts";
import { ecrGrant } from "./grants.ts";

const never = new AbortController().signal;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

/** A cloud that takes a second for an answer and counts. */
function slowCloud(): {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly cloud: Provider;
  readonly seen: { asked: number; atOnce: number; most: number };
} {
  const clock = fakeClock();
  const seen = { asked: 0, atOnce: 0, most: 0 };
  const minted: Minted = {
    logins: { all: { username: "AWS", password: new Redacted("x") } },
    issuedAt: clock.now(),
    expiresAt: clock.now().add({ hours: 12 }),
  };
  const fetch = async (_grant: unknown, signal: AbortSignal): Promise<Minted> => {
    seen.asked += 1;
    seen.atOnce += 1;
    seen.most = Math.max(seen.most, seen.atOnce);
    try {
      await clock.sleep(seconds(1), signal);
      return minted;
    } finally {
      seen.atOnce -= 1;
    }
  };
  return { clock, seen, cloud: { fetch } };
}

describe("a provider with a budget", () => {
  it("asks for so many at once and serves them all", async () => {
    const { clock, cloud, seen } = slowCloud();
    const provider = withBudget(cloud, { concurrency: 3, perSecond: 100, burst: 100 }, clock);
    const all = Promise.all(Array.from({ length: 10 }, () => provider.fetch(ecrGrant(), never)));
    await clock.advance(seconds(5));
    expect(await all).toHaveLength(10);
    expect(seen).toMatchObject({ asked: 10, most: 3 });
  });

  it("asks no faster than its rate", async () => {
    const { clock, cloud, seen } = slowCloud();
    const provider = withBudget(cloud, { concurrency: 100, perSecond: 10, burst: 5 }, clock);
    const all = Promise.all(Array.from({ length: 50 }, () => provider.fetch(ecrGrant(), never)));
    await clock.advance(seconds(2));
    expect(seen.asked).toBe(25);
    await clock.advance(seconds(10));
    await all;
  });

  it.each([
    ["a place", { concurrency: 1, perSecond: 100, burst: 100 }],
    ["a turn", { concurrency: 100, perSecond: 0.01, burst: 1 }],
  ])("asks nobody for one that is aborted while it waits for %s, and says why", async (_what, budget) => {
    const { clock, cloud, seen } = slowCloud();
    const provider = withBudget(cloud, budget, clock);
    const abort = new AbortController();
    const first = provider.fetch(ecrGrant(), never);
    const second = provider.fetch(ecrGrant(), abort.signal);
    const told = second.catch((error: unknown) => error);
    await clock.advance();
    abort.abort(new DOMException("the run took too long", "TimeoutError"));
    expect(await told).toMatchObject({ reason: "RateLimited", retry: "backoff" });
    await clock.advance(seconds(2));
    await first;
    expect(seen.asked).toBe(1);
  });

  it("passes on what the cloud says, and the place is free again", async () => {
    const { clock, seen } = slowCloud();
    const refuses: Provider = { fetch: () => Promise.reject(new Error("no")) };
    const provider = withBudget(refuses, { concurrency: 1, perSecond: 100, burst: 100 }, clock);
    await expect(provider.fetch(ecrGrant(), never)).rejects.toThrow("no");
    await expect(provider.fetch(ecrGrant(), never)).rejects.toThrow("no");
    expect(seen.asked).toBe(0);
  });
});
