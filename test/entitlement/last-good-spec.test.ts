// Tests of the last good spec of a RegistryCredential whose spec cannot be read any more.
import { describe, expect, it } from "vitest";
import type { CredentialRecord } from "../../src/cluster/records.ts";
import { lastGoodSpecs } from "../../src/entitlement/last-good-spec.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, now } from "./objects.ts";

const acme = credential({ resourceVersion: "10", finalizers: ["regcred.dev/drain"], annotations: { note: "first" } });
const readable: CredentialRecord = {
  key: "acme",
  name: "acme",
  uid: acme.uid,
  generation: 3,
  resourceVersion: "10",
  finalizers: acme.finalizers,
  annotations: acme.annotations,
  deleting: false,
  credential: acme,
  problems: [],
};
const unreadable = (changes: Partial<CredentialRecord> = {}): CredentialRecord => ({
  ...readable,
  resourceVersion: "11",
  credential: undefined,
  problems: ["spec.odd: unknown"],
  ...changes,
});

function play(...records: readonly CredentialRecord[]) {
  const credentials = store<CredentialRecord>();
  const specs = lastGoodSpecs(fakeClock(now), credentials);
  const feed = credentials.feed();
  for (const record of records) feed.observed(record);
  return specs.get("acme");
}

describe("a spec that cannot be read any more", () => {
  it("is as it was last read, with what the object says of itself now", () => {
    const changed = { finalizers: ["theirs/one"], annotations: { note: "second" } };
    expect(play(readable, unreadable(changed))).toEqual({ ...acme, ...changed, resourceVersion: "11" });
  });

  it("is in deletion since that was seen first", () => {
    const deleted = unreadable({ deleting: true });
    const later = unreadable({ deleting: true, resourceVersion: "12" });
    expect(play(readable, deleted, later)?.deletionTimestamp).toEqual(now);
  });

  it("is unknown of one that was never read, and of another one under its name", () => {
    expect([play(unreadable()), play(readable, unreadable({ uid: "another" }))]).toEqual([undefined, undefined]);
  });
});
