// Tests of whether it is the tenant who keeps a Secret that has to go, by what it has made of it.
import { expect, it } from "vitest";
import type { Context } from "../../../src/controllers/context.ts";
import { isKeptByTenant } from "../../../src/controllers/credential/observe-left.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import { credential, failure, secretRecord } from "../../entitlement/objects.ts";
import { fakeClock } from "../../fake-clock.ts";

const quota = failure({ reason: "QuotaExceeded", cause: "Tenant", retry: "slowly" });
const policy = failure({ reason: "AdmissionDenied", cause: "Tenant", retry: "slowly" });
/** By our own guardrails, or by what the API server says of the object as it stands. */
const ours = failure({ reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", byOwnPolicy: true });
const rejected = failure({ reason: "Rejected", cause: "Platform", retry: "slowly" });

const marked = { labelled: true, credentials: ["acme"] };
const given = secretRecord(marked);

type Marks = Partial<ReturnType<typeof secretRecord>>;
type Row = readonly [
  what: string,
  isTenants: boolean,
  failures: readonly Failure[],
  of?: Marks,
  policy?: "Retain" | "Delete",
];

const cases: readonly Row[] = [
  ["nothing has failed", false, []],
  ["its quota is full", true, [quota]],
  ["a policy of the cluster refuses", false, [policy]],
  ["its quota is full, and a policy of the cluster refuses", false, [quota, policy]],
  ["the guardrails refuse, and the Secret is as we leave our own", false, [ours], marked],
  ["the guardrails refuse, and it has taken all marks off", true, [ours], {}],
  ["the guardrails refuse, and it has taken the label off", false, [ours], { credentials: ["acme"] }],
  ["the guardrails refuse, and it has taken the annotations off", false, [ours], { labelled: true }],
  ["it has made the Secret immutable", true, [rejected], { ...marked, immutable: true }],
  ["a finalizer holds the Secret", true, [rejected], { ...marked, terminating: true }],
  ["the Secret is to become its own", true, [ours], marked, "Retain"],
  ["the API server refuses, and the Secret is as we leave our own", false, [rejected], marked],
];
const rows = cases.map(
  ([what, isTenants, failures, record = marked, policy = "Delete"]) =>
    [what, isTenants, failures, record, policy] as const,
);

it.each(rows)("where %s: %s", (_what, isTenants, failures, record, deletionPolicy) => {
  const found = statusCache(fakeClock());
  found.setSecret("team-a", "regcred", {
    state: "usable",
    credentials: new Map([["acme", { failures, notes: [], generation: 3 }]]),
  });
  const stores = { pullSecrets: { get: () => secretRecord(record) } };
  const context = { credentials: { statusCache: found }, cluster: { stores } } as unknown as Context;
  expect(isKeptByTenant(context, credential({ spec: { deletionPolicy } }), "team-a", ["regcred"])).toBe(isTenants);
});

it("is not said of a Secret that is gone, nor of what was found for another spec", () => {
  const found = statusCache(fakeClock());
  found.setSecret("team-a", "regcred", {
    state: "usable",
    credentials: new Map([["acme", { failures: [ours, quota], notes: [], generation: 3 }]]),
  });
  const isKept = (record: typeof given | undefined, generation: number): boolean => {
    const stores = { pullSecrets: { get: () => record } };
    const context = { credentials: { statusCache: found }, cluster: { stores } } as unknown as Context;
    return isKeptByTenant(context, credential({ generation }), "team-a", ["regcred"]);
  };
  expect([isKept(undefined, 3), isKept(secretRecord(), 3), isKept(secretRecord(), 4)]).toEqual([false, true, false]);
});
