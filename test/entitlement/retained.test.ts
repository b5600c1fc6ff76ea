// Tests that a namespace that was served when a deletion with Retain began is remembered as one, and no other.
import { describe, expect, it } from "vitest";
import { markedSecrets } from "../../src/entitlement/marked-secrets.ts";
import { retained } from "../../src/entitlement/retained.ts";
import type { SecretRecord } from "../../src/cluster/records.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { credential, minute, namespace, secretRecord } from "./objects.ts";

const leaving = credential({ deletionTimestamp: minute(0), spec: { deletionPolicy: "Retain" } });

describe("a namespace that a deletion with Retain leaves its Secret", () => {
  it("is one in which the record has a login, and stays so once that is taken out of the record", () => {
    let holds = true;
    const kept = retained({ recorded: () => true, mayHoldIn: () => holds }, () => false);
    expect(kept.here(leaving, namespace())).toBe(true);
    holds = false;
    expect([kept.here(leaving, namespace()), kept.here(leaving, namespace({ name: "team-b" }))]).toEqual([true, false]);
    kept.forget(leaving.uid);
    expect(kept.here(leaving, namespace())).toBe(false);
  });

  it("is told by marks only where there is no record: a tenant can write them", () => {
    const isHere = (recorded: boolean): boolean =>
      retained({ recorded: () => recorded, mayHoldIn: () => false }, () => true).here(leaving, namespace());
    expect([isHere(true), isHere(false)]).toEqual([false, true]);
  });

  it("is none where the policy is Delete, or nothing is deleted", () => {
    const kept = retained({ recorded: () => true, mayHoldIn: () => true }, () => true);
    const others = [credential({ spec: { deletionPolicy: "Retain" } }), credential({ deletionTimestamp: minute(0) })];
    expect(others.map((each) => kept.here(each, namespace()))).toEqual([false, false]);
  });
});

describe("the Secrets that carry a name", () => {
  it("are those that carry it now", () => {
    const secrets = store<SecretRecord>();
    const feed = secrets.feed();
    const marked = markedSecrets(secrets);
    const put = (version: number, ...credentials: readonly string[]): void =>
      feed.observed(secretRecord({ resourceVersion: `${version}`, credentials }));
    for (const name of ["acme", "beta"]) marked.follow(name);
    put(10, "acme");
    expect([marked.has("acme", "team-a"), [...marked.namespaces("beta")]]).toEqual([true, []]);
    put(11, "beta");
    expect([marked.has("acme", "team-a"), [...marked.namespaces("beta")]]).toEqual([false, ["team-a"]]);
    feed.vanished("team-a/regcred", "12");
    expect(marked.has("beta", "team-a")).toBe(false);
  });
});
