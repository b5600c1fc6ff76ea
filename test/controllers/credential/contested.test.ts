// Tests of contested RegistryCredentials: those whose status somebody keeps writing, or whose finalizer somebody keeps removing.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { putFinalizer, writeStatus } from "../../../src/controllers/credential/apply.ts";
import { fakeClock } from "../../fake-clock.ts";
import { credential } from "../../entitlement/objects.ts";

const { signal } = new AbortController();
const ours: Status = { operatorNamespace: "ops", mode: "ours" };
const theirs: Status = { operatorNamespace: "ops", mode: "theirs" };

/** An API server that takes every write. */
function fixture() {
  const clock = fakeClock();
  const silent = (): void => undefined;
  const context = contextOf({
    runtime: { clock, metrics: { publish: silent }, events: { publish: silent }, log: { warn: silent, info: silent } },
    credentials: { statusCache: statusCache(clock) },
    settings: { namespace: "ops" },
    cluster: {
      api: { patchCredentialStatus: async () => ({}), patchCredential: async () => ({}) },
      transforms: { credential: () => ({ ...record(ours), finalizers: [] }) },
      stores: { credentials: { wrote: silent } },
    },
  });
  return { clock, context, isContested: () => context.credentials.statusCache.isContested("acme") };
}

const record = (status: Status) => ({ name: "acme", uid: "u", generation: 1, status }) as unknown as CredentialRecord;

describe("a RegistryCredential is contested", () => {
  it("while somebody writes its status more than thirty times, and until ten minutes after the last repair", async () => {
    const { clock, context, isContested } = fixture();
    const run = { context, record: record(theirs), credential: credential({ status: theirs }), memory: { uid: "u" } };
    const write = () => writeStatus(run, { status: ours, failing: [] }, signal);
    for (let writes = 0; writes < 31; writes += 1) await write();
    expect(isContested()).toBe(false);
    await write();
    expect(isContested()).toBe(true);
    await clock.advance(Temporal.Duration.from({ milliseconds: 599_999 }));
    expect(isContested()).toBe(true);
    await clock.advance(Temporal.Duration.from({ milliseconds: 1 }));
    expect(isContested()).toBe(false);
  });

  it("while somebody takes its finalizer off more than five times", async () => {
    const { context, isContested } = fixture();
    const run = { context, record: record(ours), credential: credential(), memory: { uid: "u" } };
    for (let puts = 0; puts < 5; puts += 1) await putFinalizer(run, signal);
    expect(isContested()).toBe(false);
    await putFinalizer(run, signal);
    expect(isContested()).toBe(true);
  });

  it("alone: others are not, and what is over is forgotten", async () => {
    const clock = fakeClock();
    const findings = statusCache(clock);
    findings.contested("acme", 1_000);
    await clock.advance(Temporal.Duration.from({ milliseconds: 1_000 }));
    findings.contested("beta", 1_000);
    expect(["acme", "beta", "gamma"].map((name) => findings.isContested(name))).toEqual([false, true, false]);
  });
});
