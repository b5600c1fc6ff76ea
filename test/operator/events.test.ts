// Tests that a namespace that has used up its share of Events is told so, and that the platform counts it.
import { expect, it } from "vitest";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { eventReporter } from "../../src/operator/events.ts";
import { fakeClock } from "../fake-clock.ts";

it("who has had a share of Events is told so once, by one more, and counted", async () => {
  const clock = fakeClock();
  const counted: string[] = [];
  const shown = new Map<string, () => Iterable<object>>();
  const reasons = new Map<string, number>();
  const createEvent = async (_namespace: string, { reason = "" }: { readonly reason?: string }): Promise<object> => {
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return { metadata: { uid: "uid" } };
  };
  const { events } = eventReporter({
    api: { createEvent } as unknown as ClusterApi,
    clock,
    random: () => 0.5,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    instance: "a",
    instruments: {
      count: (name, labels) => void counted.push(`${name} ${JSON.stringify(labels)}`),
      show: (name, values) => void shown.set(name, values),
    },
    namespaces: { get: () => undefined } as never,
  });
  for (let index = 0; index < 200; index += 1) {
    events.publish({
      regarding: { apiVersion: "v1", kind: "Pod", namespace: "team-a", name: `pod-${index}`, uid: `uid-${index}` },
      type: "Normal",
      reason: "PodEvicted",
      action: "Evict",
      note: "evicted",
    });
  }
  await clock.advance(Temporal.Duration.from({ minutes: 1 }));
  expect(counted).toEqual(['regcred_shares_reached_total {"kind":"events"}']);
  expect(reasons.get("ShareReached")).toBe(1);
  const dropped = shown.get("regcred_events_dropped_total")?.() ?? [];
  expect([...dropped]).toEqual([{ labels: {}, value: events.dropped() }]);
  await events.close(Temporal.Duration.from({ seconds: 1 }));
});
