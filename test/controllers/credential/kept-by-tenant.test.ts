// Is it the tenant who keeps a Secret that has to go, by what it has made of it?
import { expect, it } from "vitest";
import { contextOf } from "../context-of.ts";
import { isKeptByTenant } from "../../../src/controllers/credential/observe-left.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
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

interface Case {
  readonly what: string;
  readonly isTenants: boolean;
  readonly failures: readonly Failure[];
  /** Default: as we leave our own. */
  readonly record?: Partial<SecretRecord>;
  readonly deletionPolicy?: "Retain" | "Delete";
}

const cases: readonly Case[] = [
  { what: "nothing has failed", isTenants: false, failures: [] },
  { what: "its quota is full", isTenants: true, failures: [quota] },
  { what: "a policy of the cluster refuses", isTenants: false, failures: [policy] },
  { what: "its quota is full, and a policy of the cluster refuses", isTenants: false, failures: [quota, policy] },
  {
    what: "the guardrails refuse, and the Secret is as we leave our own",
    isTenants: false,
    failures: [ours],
    record: marked,
  },
  { what: "the guardrails refuse, and it has taken all marks off", isTenants: true, failures: [ours], record: {} },
  {
    what: "the guardrails refuse, and it has taken the label off",
    isTenants: false,
    failures: [ours],
    record: { credentials: ["acme"] },
  },
  {
    what: "the guardrails refuse, and it has taken the annotations off",
    isTenants: false,
    failures: [ours],
    record: { labelled: true },
  },
  {
    what: "it has made the Secret immutable",
    isTenants: true,
    failures: [rejected],
    record: { ...marked, immutable: true },
  },
  {
    what: "a finalizer holds the Secret",
    isTenants: true,
    failures: [rejected],
    record: { ...marked, terminating: true },
  },
  {
    what: "the Secret is to become its own",
    isTenants: true,
    failures: [ours],
    record: marked,
    deletionPolicy: "Retain",
  },
  {
    what: "the API server refuses, and the Secret is as we leave our own",
    isTenants: false,
    failures: [rejected],
    record: marked,
  },
];

it.each(cases)("where $what: $isTenants", ({ isTenants, failures, record = marked, deletionPolicy = "Delete" }) => {
  const found = statusCache(fakeClock());
  found.setSecret("team-a", "regcred", {
    state: "usable",
    credentials: new Map([["acme", { failures, notes: [], generation: 3 }]]),
  });
  const stores = { pullSecrets: { get: () => secretRecord(record) } };
  const context = contextOf({ credentials: { statusCache: found }, cluster: { stores } });
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
    const context = contextOf({ credentials: { statusCache: found }, cluster: { stores } });
    return isKeptByTenant(context, credential({ generation }), "team-a", ["regcred"]);
  };
  expect([isKept(undefined, 3), isKept(secretRecord(), 3), isKept(secretRecord(), 4)]).toEqual([false, true, false]);
});
