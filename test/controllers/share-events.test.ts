// Tests that a namespace that has used up its share is told so once, and counted without a series of its own.
import { describe, expect, it } from "vitest";
import type { Occurrence } from "../../src/runtime/events/event-recorder.ts";
import { shareEvents } from "../../src/controllers/share-events.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { fakeClock } from "../fake-clock.ts";

function fixture() {
  const clock = fakeClock();
  const reported: Occurrence[] = [];
  const made = instruments();
  const reached = shareEvents({
    clock,
    events: { publish: (occurrence) => void reported.push(occurrence) },
    instruments: made,
    uidOf: (namespace) => `uid-${namespace}`,
  });
  const metric = async (line: string): Promise<number> => {
    const found = (await made.text()).split("\n").find((each) => each.startsWith(line));
    return Number(found?.split(" ").at(-1) ?? Number.NaN);
  };
  return { clock, reported, reached, metric, series: async () => (await made.text()).split("\n").length };
}

describe("a share that is reached", () => {
  it("is told to the tenant once in ten minutes for each kind", async () => {
    const { reached, reported, clock } = fixture();
    for (let count = 0; count < 100; count += 1) reached("work", "team-a");
    reached("evictions", "team-a");
    expect(reported).toHaveLength(2);
    expect(reported[0]).toMatchObject({
      regarding: { kind: "Namespace", namespace: "team-a", name: "team-a", uid: "uid-team-a" },
      reason: "ShareReached",
    });
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    reached("work", "team-a");
    expect(reported).toHaveLength(3);
  });

  it("is counted, and for ten minutes shown", async () => {
    const { reached, metric, clock, series } = fixture();
    reached("work", "team-a");
    const before = await series();
    for (let index = 0; index < 200; index += 1) reached("work", `greedy-${index}`);
    expect(await metric('regcred_namespaces_over_share{kind="work"}')).toBe(201);
    expect(await metric('regcred_shares_reached_total{kind="work"}')).toBe(201);
    expect(await series()).toBe(before);
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    expect(await metric('regcred_namespaces_over_share{kind="work"}')).toBe(0);
  });

  it("is remembered of no more than some thousand namespaces", async () => {
    const { reached, metric } = fixture();
    for (let index = 0; index < 10_000; index += 1) reached("grants", `greedy-${index}`);
    expect(await metric('regcred_namespaces_over_share{kind="grants"}')).toBe(4_096);
  });
});
