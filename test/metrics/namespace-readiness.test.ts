// Tests that the time from a new namespace to its references is measured, once, and of no other namespace.
import { describe, expect, it } from "vitest";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import { statusCache, type SecretFinding } from "../../src/controllers/status-cache.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { namespaceReadiness } from "../../src/metrics/namespace-readiness.ts";
import type { Listener } from "../../src/runtime/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";
import { failure, namespace } from "../entitlement/objects.ts";
import { seriesIn } from "./series.ts";

const usable: SecretFinding = {
  state: "usable",
  credentials: new Map([["acme", { failures: [], notes: [], generation: 1 }]]),
};
const failing: SecretFinding = {
  state: "usable",
  credentials: new Map([["acme", { failures: [failure()], notes: [], generation: 1 }]]),
};
const fine = { failures: [], notes: [], generations: new Map<string, number>() };

function play(hasServiceAccounts = true) {
  const made = instruments();
  const clock = fakeClock();
  const listeners: Listener<NamespaceRecord>[] = [];
  const { statusCache: heard, begin } = namespaceReadiness(made, {
    statusCache: statusCache(clock),
    namespaces: { subscribe: (listener) => (listeners.push(listener), () => undefined) },
    hasServiceAccounts: () => hasServiceAccounts,
    clock,
  });
  begin();
  return {
    heard,
    arrive: (name: string) => listeners.forEach((tell) => tell({ key: name, after: namespace({ name }) })),
    go: (name: string) => listeners.forEach((tell) => tell({ key: name, before: namespace({ name }) })),
    pass: (milliseconds: number) => clock.advance(Temporal.Duration.from({ milliseconds })),
    measured: async () =>
      seriesIn(await made.text(), "regcred_namespace_ready_")
        .filter((line) => /_(sum|count)/.test(line))
        .map((line) => Number(line.split(" ")[1])),
  };
}

describe("a new namespace", () => {
  it("is ready when its ServiceAccounts refer to a Secret that is there, and measured once", async () => {
    const { heard, arrive, pass, measured } = play();
    arrive("team-a");
    heard.setReferences("team-a", fine);
    await pass(20);
    heard.setSecret("team-a", "regcred", usable);
    await pass(20);
    heard.setReferences("team-a", fine);
    await pass(20);
    heard.setReferences("team-a", fine);
    expect(await measured()).toEqual([0.04, 1]);
  });

  it.each([
    ["its Secret lacks a login", true, failing, fine],
    ["a reference cannot be written", true, usable, { ...fine, failures: [failure()] }],
    ["it has no ServiceAccount yet", false, usable, fine],
  ])("is not ready while %s", async (_why, hasServiceAccounts, secret, references) => {
    const { heard, arrive, measured } = play(hasServiceAccounts);
    arrive("team-a");
    heard.setSecret("team-a", "regcred", secret);
    heard.setReferences("team-a", references);
    expect(await measured()).toEqual([0, 0]);
  });

  it("is none that was there at the start, and none that is gone", async () => {
    const { heard, arrive, go, measured } = play();
    arrive("team-b");
    go("team-b");
    for (const name of ["team-a", "team-b"]) {
      heard.setSecret(name, "regcred", usable);
      heard.setReferences(name, fine);
    }
    expect(await measured()).toEqual([0, 0]);
    expect(heard.secret("team-a", "regcred")).toBe(usable);
  });

  it("is given up where a thousand younger ones wait", async () => {
    const { heard, arrive, measured } = play();
    arrive("oldest");
    for (let index = 0; index < 1_000; index += 1) arrive(`team-${index}`);
    for (const name of ["oldest", "team-0"]) {
      heard.setSecret(name, "regcred", usable);
      heard.setReferences(name, fine);
    }
    expect((await measured())[1]).toBe(1);
  });

  it("is given up by its age, however often its references are looked at", async () => {
    const { heard, arrive, measured } = play();
    arrive("oldest");
    for (let index = 1; index < 1_000; index += 1) arrive(`team-${index}`);
    heard.setReferences("oldest", fine);
    arrive("youngest");
    heard.setSecret("oldest", "regcred", usable);
    heard.setReferences("oldest", fine);
    expect((await measured())[1]).toBe(0);
  });

  it("that is made anew waits for a Secret of its own", async () => {
    const { heard, arrive, go, measured } = play();
    arrive("team-a");
    heard.setSecret("team-a", "regcred", usable);
    go("team-a");
    arrive("team-a");
    heard.setReferences("team-a", fine);
    expect((await measured())[1]).toBe(0);
  });
});
