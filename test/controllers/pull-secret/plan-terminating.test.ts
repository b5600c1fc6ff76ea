// Tests that a Secret that a finalizer holds loses what was taken back, and nothing else.
import { describe, expect, it } from "vitest";
import type { Contribution } from "../../../src/content/content.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import { type LiveSecret, withoutLogins } from "../../../src/cluster/pull-secret-object.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "../../../src/controllers/pull-secret/plan-types.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { needsNothing } from "../../../src/controllers/pull-secret/plan-removal.ts";
import { entryToken, secretRecord } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "./plan-scenario.ts";

const of = (credential: string, host: string): Contribution => ({
  credential,
  entries: [entryToken({ hosts: [host] })],
});
const acme = of("acme", "a.example.com");
const other = of("other", "b.example.com");

function wanted(contributions: readonly Contribution[], onConflict: "Fail" | "Merge" = "Fail"): Wants {
  return wants(contributions, { onConflict });
}

const ours = written(planPullSecret(snapshot({ ...wanted([acme]) })));
const finalizers = ["example.com/mine"];
const held: LiveSecret = live({ ...ours, finalizers });

/** As an object with a finalizer is kept: without metadata. */
function plan(changes: Partial<PullSecretSnapshot> = {}, record: Partial<SecretRecord> = {}): PullSecretPlan {
  const kept = recordOf(ours, { terminating: true, metadata: undefined, ...record });
  return planPullSecret(snapshot({ record: kept, ...changes }));
}

describe("a Secret of ours that is being deleted, and that somebody's finalizer holds", () => {
  it("loses its logins and our marks, and keeps the finalizer", () => {
    expect(plan()).toEqual({ action: { kind: "read" }, state: "absent" });
    const emptied = plan({ live: held });
    expect(written(emptied)).toMatchObject({ dockerConfig: withoutLogins, labels: {}, annotations: {}, finalizers });
    expect(emptied.state).toBe("absent");
  });

  it("does so without waiting for its references", () => {
    expect(plan({ live: held, referencesLeft: 3 }).action.kind).toBe("replace");
  });

  it("is left alone from then on, though its owner puts our marks back", () => {
    const forged = { ...held, dockerConfig: withoutLogins };
    expect(plan({ live: forged })).toEqual({ action: { kind: "none" }, state: "absent" });
  });

  it("loses the login of a credential that has gone, and keeps that of another one", () => {
    const both = written(planPullSecret(snapshot({ ...wanted([acme, other]) })));
    const record = recordOf(both, { terminating: true, metadata: undefined });
    const rest = plan({ record, live: live({ ...both, finalizers }), ...wanted([other]) });
    expect(written(rest).dockerConfig).not.toContain("a.example.com");
    expect(written(rest).dockerConfig).toContain("b.example.com");
    expect(rest).toMatchObject({ state: "absent", failure: { reason: "DeletionPending" } });
  });

  it("is not written while it holds what it should", () => {
    const right = plan({ live: held, ...wanted([acme]) });
    expect(right).toMatchObject({ action: { kind: "none" }, state: "absent", failure: { reason: "DeletionPending" } });
  });

  it("keeps what it holds under Retain, but for our marks", () => {
    const released = written(plan({ live: held, retain: true }));
    expect(released).toMatchObject({ dockerConfig: ours.dockerConfig, annotations: {}, finalizers });
  });

  it("cannot be changed where it is immutable, nor is one that is none of ours", () => {
    expect(plan({ live: held }, { immutable: true }).action.kind).toBe("none");
    expect(plan({ live: held }, { type: "Opaque" }).action.kind).toBe("none");
    expect(plan({ live: live() }, { labelled: false, credentials: [] }).action.kind).toBe("none");
  });

  it("gets no login into what was never ours", () => {
    const foreign = { labelled: false, credentials: [] };
    expect(plan({ live: live({ finalizers }), ...wanted([acme], "Merge") }, foreign).action.kind).toBe("none");
  });
});

describe("nobody waits for a Secret", () => {
  const terminating = secretRecord({ terminating: true, type: "kubernetes.io/dockerconfigjson" });

  it.each([
    ["from which our logins are gone", { digest: "empty" }],
    ["that cannot be changed", { immutable: true }],
    ["of another type, which never held any", { type: "Opaque" }],
  ])("%s and that only its finalizer holds", (_what, changes) => {
    expect(needsNothing({ ...terminating, ...changes }, "empty")).toBe(true);
    expect(needsNothing({ ...terminating, ...changes, terminating: false }, "empty")).toBe(false);
  });

  it("unless it may hold some", () => {
    expect(needsNothing({ ...terminating, digest: "other" }, "empty")).toBe(false);
  });
});
