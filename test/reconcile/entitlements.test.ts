// Who is entitled to what, as namespaces, credentials and Secrets come, change and go?
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../../src/plan/snapshot.ts";
import { type Entitlements, entitlements } from "../../src/reconcile/entitlements.ts";
import { store } from "../../src/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, frozen, minute, namespace, secretRecord } from "../plan/objects.ts";

interface World {
  readonly asked: Entitlements;
  readonly put: (...credentials: readonly RegistryCredential[]) => void;
  readonly putUnreadable: (changes: Partial<CredentialRecord>) => void;
  readonly drop: (name: string) => void;
  readonly label: (namespace: NamespaceRecord) => void;
  readonly dropNamespace: (name: string) => void;
  /** A Secret of that name in the namespace lists the credentials. */
  readonly serve: (namespace: string, credentials: readonly string[], secretName?: string) => void;
  readonly unserve: (namespace: string, secretName?: string) => void;
  readonly pass: (minutes: number) => Promise<void>;
}

function world(): World {
  const clock = fakeClock(minute(0));
  const stores = {
    credentials: store<CredentialRecord>(),
    namespaces: store<NamespaceRecord>(),
    pullSecrets: store<SecretRecord>(),
  };
  const asked = entitlements({ clock, operatorNamespace: "regcred-system", ...stores });
  let version = 0;
  const next = (): { resourceVersion: string } => ({ resourceVersion: String((version += 1)) });
  const credentials = stores.credentials.feed();
  const namespaces = stores.namespaces.feed();
  const pullSecrets = stores.pullSecrets.feed();
  for (const feed of [credentials, namespaces, pullSecrets]) {
    feed.begin();
    feed.completed("0");
  }
  const record = (changes: Partial<CredentialRecord>): CredentialRecord => {
    const { name, uid, generation, finalizers, annotations } = credential();
    const unread = { credential: undefined, deleting: false, problems: [] };
    return frozen({ key: name, name, uid, generation, finalizers, annotations, ...unread, ...changes, ...next() });
  };
  return {
    asked,
    put: (...all) => {
      for (const each of all) {
        const { name, uid, generation, finalizers, annotations, deletionTimestamp } = each;
        const deleting = deletionTimestamp !== undefined;
        const fields = { key: name, name, uid, generation, finalizers, annotations, deleting };
        credentials.observed(record({ ...fields, credential: each }));
      }
    },
    putUnreadable: (changes) => credentials.observed(record({ problems: ["spec: odd"], ...changes })),
    drop: (name) => credentials.vanished(name, next().resourceVersion),
    label: (changed) => namespaces.observed(frozen({ ...changed, ...next() })),
    dropNamespace: (name) => namespaces.vanished(name, next().resourceVersion),
    serve: (name, names, secretName = "regcred") => {
      const identity = { key: `${name}/${secretName}`, namespace: name, name: secretName };
      pullSecrets.observed(secretRecord({ ...identity, labelled: true, credentials: [...names], ...next() }));
    },
    unserve: (name, secretName = "regcred") => pullSecrets.vanished(`${name}/${secretName}`, next().resourceVersion),
    pass: (minutes) => clock.advance(Temporal.Duration.from({ minutes })),
  };
}

const finalizers = ["regcred.dev/drain"];
const status = { secretName: "regcred" };
const acme = credential({ finalizers, status });
/** Selects other namespaces now. */
const moved = credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { include: ["crew-*"] } } });

function teams(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `team-${String(index).padStart(2, "0")}`);
}

/** So many namespaces, each with a Secret of acme's. */
function served(count: number): World {
  const here = world();
  here.put(acme);
  for (const name of teams(count)) {
    here.label(namespace({ name }));
    here.serve(name, ["acme"]);
  }
  return here;
}

describe("the participants of a Secret", () => {
  it("are confirmed only where the status names this install, or an older CRD has no field for it", () => {
    const confirmed = (operatorNamespace?: string): boolean | undefined => {
      const { asked, put } = world();
      put(credential({ finalizers, status: { ...status, ...(operatorNamespace && { operatorNamespace }) } }));
      return asked.participants(namespace(), "regcred")[0]?.confirmed;
    };
    expect([confirmed("regcred-system"), confirmed(), confirmed("elsewhere")]).toEqual([true, true, false]);
  });

  it("include for a while one that is drained and gone, so that what is written late is taken away", async () => {
    const { asked, put, drop, pass } = world();
    const leaving = credential({ ...acme, deletionTimestamp: minute(0) });
    put(leaving);
    asked.drained(leaving);
    drop("acme");
    expect(asked.names()).toEqual(["regcred"]);
    expect(asked.participants(namespace(), "regcred")).toMatchObject([
      { name: "acme", entitled: false, deleting: true, confirmed: true },
    ]);
    await pass(20);
    expect([asked.names(), asked.participants(namespace(), "regcred")]).toEqual([[], []]);
  });

  it("do not include a drained one whose name is used again", () => {
    const { asked, put, drop } = world();
    const leaving = credential({ ...acme, uid: "before", deletionTimestamp: minute(0) });
    put(leaving);
    asked.drained(leaving);
    drop("acme");
    put(acme);
    expect(asked.participants(namespace(), "regcred").map(({ deleting }) => deleting)).toEqual([false]);
  });

  it("are the credentials that write under its name, oldest first, and by name where equally old", () => {
    const { asked, put } = world();
    const aged = (name: string, minutes: number): RegistryCredential =>
      credential({ ...acme, name, uid: name, creationTimestamp: minute(-minutes) });
    put(aged("young", 1), aged("b", 5), aged("a", 5), aged("old", 9));
    put(
      credential({
        ...acme,
        name: "elsewhere",
        status: { secretName: "own" },
        spec: { ...acme.spec, pullSecret: { name: "own", onConflict: "Fail" } },
      }),
    );
    const participants = asked.participants(namespace(), "regcred");
    expect(participants.map(({ name }) => name)).toEqual(["old", "a", "b", "young"]);
    expect(asked.names()).toEqual(["own", "regcred"]);
  });

  it("are entitled where they select the namespace, and not while they are being deleted", () => {
    const { asked, put } = world();
    put(acme);
    expect(asked.participants(namespace(), "regcred")).toMatchObject([
      { role: "current", entitled: true, deleting: false, confirmed: true },
    ]);
    expect(asked.participants(namespace({ name: "ops" }), "regcred")).toMatchObject([{ entitled: false }]);
    put(credential({ ...acme, deletionTimestamp: minute(0) }));
    expect(asked.participants(namespace(), "regcred")).toMatchObject([{ entitled: false, deleting: true }]);
  });

  it("are confirmed once finalizer and Secret name are stored with them", () => {
    const { asked, put } = world();
    const confirmed = (each: RegistryCredential): boolean | undefined => {
      put(each);
      return asked.participants(namespace(), "regcred")[0]?.confirmed;
    };
    expect(confirmed(credential())).toBe(false);
    expect(confirmed(credential({ finalizers }))).toBe(false);
    expect(confirmed(credential({ status }))).toBe(false);
    expect(confirmed(credential({ finalizers: ["x/y", ...finalizers], status }))).toBe(true);
  });

  it("keep a former name fresh for an hour, then give it up", async () => {
    const { asked, put, pass } = world();
    const retiring = [{ secretName: "old", until: "2026-01-01T13:00:00Z" }];
    put(credential({ ...acme, status: { ...status, retiring } }));
    const roles = (): string[] => asked.participants(namespace(), "old").map(({ role }) => role);
    expect(roles()).toEqual(["retiring"]);
    expect(asked.names()).toEqual(["regcred", "old"]);
    await pass(60);
    expect(roles()).toEqual(["former"]);
  });
});

describe("a credential that cannot be read any more", () => {
  it("goes on as it was last read", () => {
    const { asked, put, putUnreadable } = world();
    put(acme);
    putUnreadable({ generation: 9 });
    expect(asked.participants(namespace(), "regcred")).toMatchObject([{ name: "acme", entitled: true }]);
    expect(asked.unreadable("acme")).toBe(false);
  });

  it("can be deleted all the same", () => {
    const { asked, put, putUnreadable } = world();
    put(acme);
    putUnreadable({ deleting: true });
    expect(asked.participants(namespace(), "regcred")).toMatchObject([{ entitled: false, deleting: true }]);
  });

  it("and never could, or was made anew, entitles nobody", () => {
    const { asked, put, putUnreadable } = world();
    putUnreadable({});
    expect(asked.exists("acme")).toBe(true);
    expect(asked.unreadable("acme")).toBe(true);
    expect(asked.participants(namespace(), "regcred")).toEqual([]);
    put(acme);
    expect(asked.unreadable("acme")).toBe(false);
  });
});

describe("a credential that is gone", () => {
  it("is nobody's any more", () => {
    const { asked, drop } = served(2);
    drop("acme");
    expect(asked.exists("acme")).toBe(false);
    expect(asked.participants(namespace(), "regcred")).toEqual([]);
    expect(asked.names()).toEqual([]);
  });
});

describe("who is served", () => {
  it("is told by the Secrets, each namespace once however many names it has", () => {
    const { asked, put, serve, unserve } = served(1);
    const retiring = [{ secretName: "old", until: "2026-01-01T13:00:00Z" }];
    put(credential({ ...acme, status: { ...status, retiring } }));
    serve("team-00", ["acme", "other"], "old");
    expect([...asked.servedBy("acme")]).toEqual(["team-00"]);
    unserve("team-00");
    expect([...asked.servedBy("acme")]).toEqual(["team-00"]);
    unserve("team-00", "old");
    expect([...asked.servedBy("acme")]).toEqual([]);
  });

  it("follows a Secret that changes hands", () => {
    const { asked, serve } = served(1);
    serve("team-00", ["other"]);
    expect([...asked.servedBy("acme")]).toEqual([]);
    expect([...asked.servedBy("other")]).toEqual(["team-00"]);
  });
});

describe("a change of selection", () => {
  it("that takes the credential from a few goes through", () => {
    const { asked, put } = served(10);
    put(moved);
    expect(asked.held("acme")).toBeUndefined();
    expect(asked.entitled(moved, namespace({ name: "team-00" }))).toBe(false);
  });

  it("that takes it from many is held: they stay entitled, and nobody else becomes so", () => {
    const { asked, put } = served(11);
    put(moved);
    expect(asked.held("acme")?.count).toBe(11);
    expect(asked.entitled(moved, namespace({ name: "team-00" }))).toBe(true);
    expect(asked.entitled(moved, namespace({ name: "team-new" }))).toBe(false);
    expect(asked.entitled(moved, namespace({ name: "crew-a" }))).toBe(true);
  });

  it("goes through once it is confirmed, to the last namespace", () => {
    const { asked, put, unserve } = served(30);
    const confirmed = credential({ ...moved, annotations: { "regcred.dev/allow-removal": "4-30" } });
    put(confirmed);
    for (const name of teams(30)) {
      expect(asked.entitled(confirmed, namespace({ name }))).toBe(false);
      unserve(name);
    }
    expect(asked.held("acme")).toBeUndefined();
  });

  it("that is taken back holds nothing any more", () => {
    const { asked, put } = served(11);
    put(moved);
    put(credential({ ...acme, generation: 5 }));
    expect(asked.held("acme")).toBeUndefined();
    expect(asked.entitled(acme, namespace({ name: "team-00" }))).toBe(true);
  });

  it("in several steps within ten minutes is one change", async () => {
    const { asked, label, unserve, pass } = served(20);
    const take = (name: string): void => label(namespace({ name, optedOut: true }));
    for (const name of teams(10)) {
      take(name);
      unserve(name);
    }
    expect(asked.held("acme")).toBeUndefined();
    take("team-10");
    expect(asked.held("acme")?.count).toBe(1);
    await pass(10);
    expect(asked.held("acme")).toBeUndefined();
  });

  it("by labels on the namespaces is one like any other", () => {
    const { asked, label } = served(11);
    for (const name of teams(11)) label(namespace({ name, optedOut: true }));
    expect(asked.held("acme")?.count).toBe(11);
  });

  it("does not count namespaces that are being deleted, nor those that are gone", () => {
    const { asked, put, label, dropNamespace, unserve } = served(12);
    label(namespace({ name: "team-00", terminating: true }));
    unserve("team-01");
    dropNamespace("team-01");
    put(moved);
    expect(asked.held("acme")).toBeUndefined();
  });

  it("never holds a deletion: that is explicit", () => {
    const { asked, put } = served(30);
    const deleted = credential({ ...moved, deletionTimestamp: minute(0) });
    put(deleted);
    expect(asked.held("acme")).toBeUndefined();
    expect(asked.entitled(deleted, namespace({ name: "team-00" }))).toBe(false);
  });

  it("is judged the same after a restart, in whatever order things are heard of", () => {
    const here = world();
    for (const name of teams(11)) here.serve(name, ["acme"]);
    here.put(moved);
    for (const name of teams(11)) here.label(namespace({ name }));
    expect(here.asked.held("acme")?.count).toBe(11);
    const other = world();
    for (const name of teams(11)) other.label(namespace({ name }));
    other.put(moved);
    for (const name of teams(11)) other.serve(name, ["acme"]);
    expect(other.asked.held("acme")?.count).toBe(11);
  });
});
