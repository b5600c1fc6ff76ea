// Tests of the credential index: who is entitled to what, as namespaces, credentials and Secrets come, change and go.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../../src/cluster/records.ts";
import { type CredentialIndex, credentialIndex } from "../../src/entitlement/credential-index.ts";
import { type Members, members } from "../../src/entitlement/members.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, frozen, minute, namespace, secretRecord } from "./objects.ts";
import { inSlices } from "../../src/runtime/in-slices.ts";

interface World {
  readonly asked: CredentialIndex;
  readonly members: Members;
  readonly put: (...credentials: readonly RegistryCredential[]) => void;
  readonly putUnreadable: (changes: Partial<CredentialRecord>) => void;
  readonly drop: (name: string) => void;
  readonly label: (namespace: NamespaceRecord) => void;
  readonly dropNamespace: (name: string) => void;
  /** The operator has put a login of these credentials into a Secret of the namespace. */
  readonly serve: (namespace: string, credentials: readonly string[], secretName?: string) => void;
  /** And has taken it back. */
  readonly unserve: (namespace: string, secretName?: string) => void;
  /** A Secret of that name in the namespace lists the credentials: anybody there may write that. */
  readonly mark: (namespace: string, credentials: readonly string[], secretName?: string) => void;
  readonly unmark: (namespace: string, secretName?: string) => void;
  readonly pass: (minutes: number) => Promise<void>;
  /** This replica leads, and has begun the record of acme. */
  readonly lead: () => void;
}

/**
 * @param looked told of each member of a store that is used
 * @param tick milliseconds that pass whenever it is asked how many have
 */
function world(looked: (member: string) => void = () => undefined, tick = 0): World {
  const still = fakeClock(minute(0));
  let ticked = 0;
  const clock = { ...still, elapsed: () => still.elapsed() + (ticked += tick) };
  const stores = {
    credentials: store<CredentialRecord>(),
    namespaces: store<NamespaceRecord>(),
    pullSecrets: store<SecretRecord>({ indexBy: ({ namespace: of }) => of }),
  };
  const holders = members();
  const overheard = <T extends object>(of: T): T =>
    new Proxy(of, {
      get: (target, member, receiver): unknown => {
        looked(String(member));
        return Reflect.get(target, member, receiver);
      },
    });
  const asked = credentialIndex({
    clock,
    inSlices: inSlices(clock),
    operatorNamespace: "regcred-system",
    members: overheard(holders),
    credentials: stores.credentials,
    namespaces: overheard(stores.namespaces),
    pullSecrets: overheard(stores.pullSecrets),
  });
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
    members: holders,
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
      const place = { namespaceUid: `uid-${name}`, secretName };
      holders.note(place, { secretUid: `${name}/${secretName}`, merged: false, credentials: names.map(uidOf) });
    },
    unserve: (name, secretName = "regcred") => holders.note({ namespaceUid: `uid-${name}`, secretName }, undefined),
    mark: (name, names, secretName = "regcred") => {
      const identity = { key: `${name}/${secretName}`, namespace: name, name: secretName };
      pullSecrets.observed(secretRecord({ ...identity, labelled: true, credentials: [...names], ...next() }));
    },
    unmark: (name, secretName = "regcred") => pullSecrets.vanished(`${name}/${secretName}`, next().resourceVersion),
    lead: () => {
      holders.lead();
      holders.begin("uid-acme");
    },
    pass: (minutes) => clock.advance(Temporal.Duration.from({ minutes })),
  };
}

/** As `credential` and `namespace` of objects.ts have them. */
function uidOf(name: string): string {
  return `uid-${name}`;
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

it("whom another spec of the same generation no longer selects is a member no more, as after a restore of etcd", async () => {
  const here = served(1);
  here.lead();
  here.put(credential({ ...moved, generation: acme.generation }));
  await here.pass(1);
  expect(here.members.has("uid-acme", "uid-team-00")).toBe(false);
});

describe("the participants of a Secret", () => {
  it("are confirmed only where the status names this install, or an older CRD has no field for it", () => {
    const confirmed = (operatorNamespace?: string): boolean | undefined => {
      const { asked, put } = world();
      put(credential({ finalizers, status: { ...status, ...(operatorNamespace && { operatorNamespace }) } }));
      return asked.contributors(namespace(), "regcred")[0]?.confirmed;
    };
    expect([confirmed("regcred-system"), confirmed(), confirmed("elsewhere")]).toEqual([true, true, false]);
  });

  it("include for a while one that is drained and gone, so that what is written late is taken away", async () => {
    const { asked, put, drop, mark, pass } = world();
    const leaving = credential({ ...acme, deletionTimestamp: minute(0) });
    put(leaving);
    asked.drained(leaving);
    drop("acme");
    expect([asked.names(), asked.contributors(namespace(), "regcred")]).toEqual([["regcred"], []]);
    mark("team-a", ["acme"]);
    expect(asked.contributors(namespace(), "regcred")).toMatchObject([
      { name: "acme", entitled: false, deleting: true, confirmed: true },
    ]);
    await pass(20);
    expect([asked.names(), asked.contributors(namespace(), "regcred")]).toEqual([[], []]);
  });

  it("do not include a drained one whose name is used again", () => {
    const { asked, put, drop } = world();
    const leaving = credential({ ...acme, uid: "before", deletionTimestamp: minute(0) });
    put(leaving);
    asked.drained(leaving);
    drop("acme");
    put(acme);
    expect(asked.contributors(namespace(), "regcred").map(({ deleting }) => deleting)).toEqual([false]);
  });

  it.each([["before its successor is there"], ["after that"]])(
    "do not include one whose end is heard %s once the successor is gone, too: what bears the name is the successor's",
    (when) => {
      const { asked, put, drop } = world();
      const leaving = credential({ ...acme, uid: "before", deletionTimestamp: minute(0) });
      put(leaving);
      if (when.startsWith("before")) asked.drained(leaving);
      drop("acme");
      put(acme);
      if (!when.startsWith("before")) asked.drained(leaving);
      drop("acme");
      expect(asked.contributors(namespace(), "regcred")).toEqual([]);
      expect([asked.names(), asked.drainedFor("acme")]).toEqual([[], undefined]);
    },
  );

  it("are the credentials that write under its name, oldest first, and by name where equally old", () => {
    const { asked, put } = world();
    const aged = (name: string, minutes: number): RegistryCredential =>
      credential({ ...acme, name, uid: name, creationTimestamp: minute(-minutes) });
    put(aged("young", 1), aged("b", 5), aged("a", 5), aged("c", 5), aged("old", 9));
    put(
      credential({
        ...acme,
        name: "elsewhere",
        status: { secretName: "own" },
        spec: { ...acme.spec, pullSecret: { name: "own", onConflict: "Fail" } },
      }),
    );
    const contributors = asked.contributors(namespace(), "regcred");
    expect(contributors.map(({ name }) => name)).toEqual(["old", "a", "b", "c", "young"]);
    expect(asked.names()).toEqual(["own", "regcred"]);
  });

  it("are entitled where they select the namespace, and not while they are being deleted", () => {
    const { asked, put, mark } = world();
    put(acme);
    expect(asked.contributors(namespace(), "regcred")).toMatchObject([
      { role: "current", entitled: true, deleting: false, confirmed: true },
    ]);
    mark("ops", ["acme"]);
    expect(asked.contributors(namespace({ name: "ops" }), "regcred")).toMatchObject([{ entitled: false }]);
    put(credential({ ...acme, deletionTimestamp: minute(0) }));
    expect(asked.contributors(namespace(), "regcred")).toMatchObject([{ entitled: false, deleting: true }]);
  });

  it("are those whom the namespace concerns: who selects it, has a login there, or is named by a Secret, and whoever leaves traces anywhere", () => {
    const { asked, put, serve, mark } = world();
    const elsewhere = (name: string, more: Partial<RegistryCredential> = {}): RegistryCredential =>
      credential({ ...moved, ...more, name, uid: `uid-${name}` });
    const traces = { status: { ...status, extraReferences: ["extra"] } };
    put(acme, elsewhere("served"), elsewhere("marked"), elsewhere("formerly", traces), elsewhere("other"));
    serve("team-a", ["served"], "another");
    mark("team-a", ["marked", "nobody"]);
    const retains = { ...moved.spec, deletionPolicy: "Retain" } as const;
    put(elsewhere("retaining", { deletionTimestamp: minute(0), spec: retains }));
    const found = (of?: "everybody"): readonly string[] =>
      asked.contributors(namespace(), "regcred", of).map(({ name }) => name);
    const concerned = ["acme", "formerly", "marked", "retaining", "served"];
    expect([found(), found("everybody")]).toEqual([concerned, [...concerned, "other"].toSorted()]);
    expect(asked.contributors(namespace({ name: "team-b" }), "regcred").map(({ name }) => name)).toEqual([
      "acme",
      "formerly",
      "retaining",
    ]);
  });

  it("are the same where all names are asked for at once, without those with which nobody has to do there", () => {
    const { asked, put } = world();
    const retiring = [{ secretName: "old", until: "2026-01-01T13:00:00Z" }];
    const named = (name: string, secretName: string, include: string): RegistryCredential =>
      credential({
        ...acme,
        name,
        uid: `uid-${name}`,
        status: { ...status, secretName },
        spec: { namespaces: { include: [include] }, pullSecret: { name: secretName, onConflict: "Fail" } },
      });
    put(credential({ ...acme, status: { ...status, retiring } }));
    put(named("beta", "regcred", "team-*"), named("gamma", "own", "team-a"), named("delta", "far", "ops-*"));
    const all = asked.contributorsIn(namespace());
    expect([...all.keys()].toSorted()).toEqual(["old", "own", "regcred"]);
    for (const [name, its] of all) expect(its).toEqual(asked.contributors(namespace(), name));
    expect(all.get("regcred")?.map((each) => each.name)).toEqual(["acme", "beta"]);
  });

  it("are confirmed once finalizer and Secret name are stored with them", () => {
    const { asked, put } = world();
    const confirmed = (each: RegistryCredential): boolean | undefined => {
      put(each);
      return asked.contributors(namespace(), "regcred")[0]?.confirmed;
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
    const roles = (): string[] => asked.contributors(namespace(), "old").map(({ role }) => role);
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
    expect(asked.contributors(namespace(), "regcred")).toMatchObject([{ name: "acme", entitled: true }]);
    expect(asked.unreadable().has("acme")).toBe(false);
  });

  it("can be deleted all the same", () => {
    const { asked, put, putUnreadable } = world();
    put(acme);
    putUnreadable({ deleting: true });
    expect(asked.contributors(namespace(), "regcred")).toMatchObject([{ entitled: false, deleting: true }]);
  });

  it("and never could, or was made anew, entitles nobody", () => {
    const { asked, put, putUnreadable } = world();
    putUnreadable({});
    expect(asked.exists("acme")).toBe(true);
    expect(asked.unreadable().has("acme")).toBe(true);
    expect(asked.contributors(namespace(), "regcred")).toEqual([]);
    put(acme);
    expect(asked.unreadable().has("acme")).toBe(false);
  });
});

describe("a credential that is gone", () => {
  it("is nobody's any more", () => {
    const { asked, put, drop, mark } = served(2);
    put(credential({ ...acme, name: "beta", uid: "uid-beta" }));
    mark("team-00", ["acme"]);
    drop("acme");
    expect([...asked.mayHold("acme")]).toEqual([]);
    expect([asked.held("acme"), asked.drainedFor("acme")]).toEqual([undefined, undefined]);
    drop("beta");
    expect([asked.exists("acme"), asked.unreadable().has("acme"), asked.readable("acme")]).toEqual([
      false,
      false,
      undefined,
    ]);
    expect(asked.contributors(namespace(), "regcred")).toEqual([]);
    expect(asked.names()).toEqual([]);
  });
});

describe("the record of a credential", () => {
  const leaving = credential({ ...acme, deletionTimestamp: minute(0) });
  /** One that leads, and has a record without members. */
  const led = (): World => {
    const here = world();
    here.lead();
    here.put(leaving);
    return here;
  };

  it("goes with one that is drained, whichever is heard first", () => {
    const early = led();
    early.asked.drained(leaving);
    expect(early.members.recorded("uid-acme")).toBe(true);
    early.drop("acme");
    expect(early.members.recorded("uid-acme")).toBe(false);
    const late = led();
    late.drop("acme");
    expect(late.members.recorded("uid-acme")).toBe(true);
    late.asked.drained(leaving);
    expect(late.members.recorded("uid-acme")).toBe(false);
  });

  it("goes with one that is drained and made anew at once", () => {
    const { asked, put, members } = led();
    asked.drained(leaving);
    put(credential({ ...acme, uid: "another" }));
    expect(members.recorded("uid-acme")).toBe(false);
  });

  it("stays of one that goes without a drain", () => {
    const { put, members } = led();
    put(credential({ ...acme, uid: "another" }));
    expect(members.recorded("uid-acme")).toBe(true);
  });
});

describe("a namespace with a login", () => {
  const selector = { matchLabels: { pull: "yes" } };
  const byLabel = credential({ ...acme, spec: { ...acme.spec, namespaces: { selector } } });
  const labelled = (name: string): NamespaceRecord => namespace({ name, labels: { pull: "yes" } });
  const led = (count: number, tick?: number): World => {
    const here = world(undefined, tick);
    here.lead();
    here.put(byLabel);
    for (const name of teams(count)) {
      here.label(labelled(name));
      here.serve(name, ["acme"]);
    }
    return here;
  };

  it("stays a member through changes that are nobody's concern", () => {
    const { label, members } = led(2);
    label(namespace({ name: "team-00", labels: { pull: "yes", other: "one" } }));
    expect(members.has("uid-acme", "uid-team-00")).toBe(true);
  });

  it("is a member no more from the moment in which its labels end that, though something may be left", () => {
    const { label, members } = led(2);
    label(namespace({ name: "team-00" }));
    expect([members.has("uid-acme", "uid-team-00"), members.mayHoldIn("uid-acme", "uid-team-00")]).toEqual([
      false,
      true,
    ]);
  });

  it("is forgotten when it is gone", () => {
    const { dropNamespace, members } = led(2);
    dropNamespace("team-00");
    expect([...members.mayHold("uid-acme")]).toEqual(["uid-team-01"]);
  });

  it("is a member no more when a held removal is allowed by the annotation alone", () => {
    const { asked, put, members } = led(11);
    const other = { ...acme.spec, namespaces: { selector: { matchLabels: { pull: "no" } } } };
    const mistyped = credential({ ...byLabel, generation: 4, spec: other });
    put(mistyped);
    expect([asked.held("acme")?.count, members.count("uid-acme")]).toEqual([11, 11]);
    put(credential({ ...mistyped, annotations: { "regcred.dev/allow-removal": "4-11" } }));
    expect(members.count("uid-acme")).toBe(0);
  });

  it("is held no more when the credential is deleted", () => {
    const { asked, put } = led(11);
    const other = { ...acme.spec, namespaces: { selector: { matchLabels: { pull: "no" } } } };
    const mistyped = credential({ ...byLabel, generation: 4, spec: other });
    put(mistyped, credential({ ...mistyped, deletionTimestamp: minute(0) }));
    expect(asked.held("acme")).toBeUndefined();
  });

  it("stays a member where a change is taken back before all has been decided", async () => {
    const { put, pass, members } = led(20, 1.5);
    await pass(0);
    const exclude = ["team-00", "team-05", "team-09"];
    put(credential({ ...byLabel, generation: 4, spec: { ...acme.spec, namespaces: { selector, exclude } } }));
    put(credential({ ...byLabel, generation: 5 }));
    await pass(0);
    const left = teams(20).filter((name) => !members.has("uid-acme", `uid-${name}`));
    expect(left).toEqual(["team-00"]);
  });

  it("is a member no more that a change has taken out which another one follows before all has been decided, and which is held", async () => {
    const { asked, put, pass } = led(30, 1.5);
    await pass(0);
    const exclude = ["team-00", "team-05", "team-09"];
    put(credential({ ...byLabel, generation: 4, spec: { ...acme.spec, namespaces: { selector, exclude } } }));
    put(credential({ ...byLabel, generation: 5, spec: { ...acme.spec, namespaces: { include: ["crew-*"] } } }));
    await pass(0);
    expect(asked.held("acme")?.count).toBe(27);
  });

  it("is a member no more from the moment on in which its label goes, however long the turn has lasted", async () => {
    const { label, members, pass } = led(20, 1.5);
    await pass(0);
    label(namespace({ name: "team-01" }));
    label(namespace({ name: "team-02" }));
    label(namespace({ name: "team-03" }));
    expect(["team-01", "team-02", "team-03"].map((name) => members.has("uid-acme", `uid-${name}`))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("is nobody's to decide about once the credential has gone meanwhile", async () => {
    const { put, drop, pass, members } = led(20, 1.5);
    await pass(0);
    const exclude = ["team-00", "team-05", "team-09"];
    put(credential({ ...byLabel, generation: 4, spec: { ...acme.spec, namespaces: { selector, exclude } } }));
    drop("acme");
    await pass(0);
    expect(members.count("uid-acme")).toBe(19);
  });

  it("that is not known by now keeps nobody else from being counted, and is nowhere to look", () => {
    const here = world();
    here.put(acme);
    here.serve("ghost", ["acme"]);
    for (const name of teams(11)) {
      here.label(namespace({ name }));
      here.serve(name, ["acme"]);
    }
    here.put(moved);
    expect(here.asked.held("acme")?.count).toBe(11);
    expect([...here.asked.mayHold("acme")]).toEqual(teams(11));
  });
});

describe("the cause of a removal", () => {
  const selects = (pull: string) => ({ ...acme.spec, namespaces: { selector: { matchLabels: { pull } } } });
  const reported = (reason: string) => ({
    type: "RemovalHeld",
    status: "True" as const,
    reason,
    message: "",
    observedGeneration: 4,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  type Part = "credential" | "namespaces" | "members";
  const orders: readonly (readonly Part[])[] = [
    ["members", "credential", "namespaces"],
    ["namespaces", "credential", "members"],
    ["members", "namespaces", "credential"],
  ];
  /** What a start makes of 11 namespaces with a login that are not selected, heard in that order. */
  const causeAfterStart = (order: readonly Part[], stands: Partial<NonNullable<RegistryCredential["status"]>>) => {
    const here = world();
    const parts: Record<Part, () => void> = {
      credential: () =>
        here.put(credential({ ...acme, generation: 4, spec: selects("no"), status: { ...status, ...stands } })),
      namespaces: () => {
        for (const name of teams(11)) here.label(namespace({ name, labels: { pull: "yes" } }));
      },
      members: () => {
        for (const name of teams(11)) here.serve(name, ["acme"]);
      },
    };
    for (const part of order) parts[part]();
    return here.asked.held("acme")?.cause;
  };

  it.each(orders)(
    "is the spec after a start where that has changed since it was last told of: %s, %s, %s",
    (...order) => {
      expect(causeAfterStart(order, { observedGeneration: 3 })).toBe("Spec");
    },
  );

  it.each(orders)("is the labels after a start where the spec has not changed since: %s, %s, %s", (...order) => {
    expect(causeAfterStart(order, { observedGeneration: 4 })).toBe("Labels");
  });

  it.each(orders)("is what the hold was told for after a start: %s, %s, %s", (...order) => {
    const spec = { observedGeneration: 4, conditions: [reported("TooManyNamespaces")] };
    const labels = { observedGeneration: 3, conditions: [reported("NamespacesRelabelled")] };
    expect([causeAfterStart(order, spec), causeAfterStart(order, labels)]).toEqual(["Spec", "Labels"]);
  });

  it("is the spec that changes before our eyes, whatever somebody has written into the status", () => {
    const here = world();
    const before = credential({
      ...acme,
      spec: selects("yes"),
      status: { ...status, observedGeneration: 4, conditions: [reported("NamespacesRelabelled")] },
    });
    here.put(before);
    for (const name of teams(11)) {
      here.label(namespace({ name, labels: { pull: "yes" } }));
      here.serve(name, ["acme"]);
    }
    here.put(credential({ ...before, generation: 4, spec: selects("no") }));
    expect(here.asked.held("acme")?.cause).toBe("Spec");
  });

  it("is the labels that change before our eyes, though the spec has not been told of yet", () => {
    const here = world();
    here.put(credential({ ...acme, spec: selects("yes"), status: { ...status, observedGeneration: 2 } }));
    for (const name of teams(11)) {
      here.label(namespace({ name, labels: { pull: "yes" } }));
      here.serve(name, ["acme"]);
    }
    for (const name of teams(11)) here.label(namespace({ name, labels: { pull: "no" } }));
    expect(here.asked.held("acme")?.cause).toBe("Labels");
  });
});

describe("a credential that is deleted with Retain", () => {
  const retains = { ...acme.spec, deletionPolicy: "Retain" as const };
  const leaving = credential({ ...acme, spec: retains, deletionTimestamp: minute(0) });
  const here = (name: string, { asked }: World): boolean | undefined =>
    asked.contributors(namespace({ name }), "regcred")[0]?.retains;

  it("retains where it has served, as its record says", () => {
    const retaining = served(1);
    retaining.lead();
    retaining.label(namespace({ name: "other" }));
    retaining.mark("other", ["acme"]);
    retaining.put(leaving);
    expect([here("team-00", retaining), here("other", retaining)]).toEqual([true, false]);
    // What is left of it is retained though the record has forgotten it by now.
    retaining.unserve("team-00");
    expect(here("team-00", retaining)).toBe(true);
  });

  it("retains where a Secret names it, if there is no record", () => {
    const retaining = world();
    retaining.put(leaving);
    retaining.mark("team-00", ["acme"]);
    expect([here("team-00", retaining), here("team-01", retaining)]).toEqual([true, false]);
  });

  it("is not remembered for ever", async () => {
    const retaining = served(1);
    retaining.lead();
    retaining.put(leaving);
    expect(here("team-00", retaining)).toBe(true);
    retaining.unserve("team-00");
    retaining.asked.drained(leaving);
    await retaining.pass(20);
    expect(retaining.asked.drainedFor("acme")).toBeUndefined();
    expect(here("team-00", retaining)).toBe(false);
  });
});

describe("the names of Secrets", () => {
  it("are told when they are others, and only then", async () => {
    const { asked, put, drop, pass } = world();
    const heard: string[] = [];
    asked.onNames(() => heard.push(asked.names().join()));
    put(acme);
    put(credential({ ...acme, generation: 4, spec: { ...acme.spec, suspend: true } }));
    const leaving = credential({ ...acme, deletionTimestamp: minute(0) });
    put(leaving);
    asked.drained(leaving);
    drop("acme");
    expect(heard).toEqual(["regcred"]);
    await pass(20);
    expect([asked.drainedFor("nobody"), asked.drainedFor("acme"), asked.drainedFor("acme")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(heard).toEqual(["regcred", ""]);
  });

  it("that nobody has any more are nowhere to look, since nothing is heard of them", () => {
    const { asked, put, mark } = world();
    const named = (name: string) => ({ ...acme.spec, pullSecret: { name, onConflict: "Fail" as const } });
    put(acme);
    mark("team-00", ["acme"]);
    expect([...asked.mayHold("acme")]).toEqual(["team-00"]);
    put(credential({ ...acme, generation: 4, spec: named("new"), status: { secretName: "new" } }));
    expect([...asked.mayHold("acme")]).toEqual([]);
  });
});

describe("where something of a credential may be left", () => {
  it("is told by its members and by the Secrets that list it, each namespace once however many names it has", () => {
    const { asked, put, mark, unmark, unserve } = served(1);
    const retiring = [{ secretName: "old", until: "2026-01-01T13:00:00Z" }];
    put(credential({ ...acme, status: { ...status, retiring } }));
    const told = () => [...asked.mayHold("acme")].filter((each) => each !== undefined);
    const isThere = () => asked.mayHoldIn("acme", namespace({ name: "team-00" }));
    mark("team-00", ["acme", "other"], "old");
    expect([told(), isThere()]).toEqual([["team-00"], true]);
    unserve("team-00");
    expect([told(), isThere()]).toEqual([["team-00"], true]);
    unmark("team-00", "old");
    expect([told(), isThere()]).toEqual([[], false]);
  });

  it("is a member's namespace where no Secret lists it", () => {
    const { asked } = served(1);
    const isIn = (name: string) => asked.mayHoldIn("acme", namespace({ name }));
    expect([isIn("team-00"), isIn("team-01")]).toEqual([true, false]);
    expect(asked.mayHoldIn("made-up", namespace({ name: "team-00" }))).toBe(false);
  });

  it("is looked up as it is gone through, one at a time, and not for thousands at once", () => {
    let looks = 0;
    const { asked, put, label, serve, mark } = world(() => (looks += 1));
    put(acme);
    for (const name of teams(100)) {
      label(namespace({ name }));
      serve(name, ["acme"]);
      mark(name, ["acme"]);
    }
    looks = 0;
    const holding = asked.mayHold("acme")[Symbol.iterator]();
    expect(holding.next()).toMatchObject({ done: false });
    expect(looks).toBeLessThanOrEqual(2);
    // One that has come already brings a step of its own.
    const others = [...{ [Symbol.iterator]: () => holding }];
    expect(others).toEqual([...teams(100).slice(1), ...teams(100).map(() => undefined)]);
  });

  it("is known of a credential that comes after the Secrets", () => {
    const { asked, put, mark } = world();
    mark("team-00", ["acme"]);
    expect([...asked.mayHold("acme")]).toEqual([]);
    put(acme);
    expect([...asked.mayHold("acme")]).toEqual(["team-00"]);
  });

  it("follows a Secret that changes hands, and keeps nothing of names that no credential has", () => {
    const { asked, mark, put } = world();
    put(acme);
    mark("team-00", ["acme", "made-up"]);
    mark("team-00", ["other"]);
    expect(["acme", "made-up", "other"].map((name) => [...asked.mayHold(name)])).toEqual([[], [], []]);
  });
});

describe("what a tenant writes", () => {
  it("makes no namespace a member, so it neither causes a hold nor gains by one", () => {
    const { asked, put, mark, label } = served(10);
    for (const name of ["evil-1", "evil-2", "evil-3"]) {
      label(namespace({ name }));
      mark(name, ["acme"]);
    }
    put(moved);
    expect(asked.held("acme")).toBeUndefined();
    expect(asked.entitled(moved, namespace({ name: "evil-1" }))).toBe(false);
    const other = served(11);
    other.label(namespace({ name: "evil" }));
    other.mark("evil", ["acme"]);
    other.put(moved);
    expect(other.asked.held("acme")?.count).toBe(11);
    expect(other.asked.entitled(moved, namespace({ name: "evil" }))).toBe(false);
    expect(other.asked.contributors(namespace({ name: "evil" }), "regcred")).toMatchObject([
      { entitled: false, held: false },
    ]);
  });

  it("does not end a hold: not by opting out, nor by deleting the namespace", () => {
    const { asked, put, label, dropNamespace } = served(11);
    put(moved);
    label(namespace({ name: "team-00", optedOut: true }));
    dropNamespace("team-01");
    expect(asked.held("acme")?.count).toBe(9);
    expect(asked.entitled(moved, namespace({ name: "team-00", optedOut: true }))).toBe(false);
    expect(asked.entitled(moved, namespace({ name: "team-05" }))).toBe(true);
  });

  it("does not prolong one: with a spec that is right again, or the last one gone, nothing is held", () => {
    const { asked, put, label, dropNamespace } = served(12);
    put(moved);
    for (const name of teams(12).slice(1)) dropNamespace(name);
    expect(asked.held("acme")?.count).toBe(1);
    label(namespace({ name: "team-00", optedOut: true }));
    expect(asked.held("acme")).toBeUndefined();
    label(namespace({ name: "team-00" }));
    expect(asked.held("acme")).toBeUndefined();
  });

  it("on many Namespaces of its own does not hold up what an administrator takes out of the spec", () => {
    const { asked, put, label } = served(40);
    const selector = { matchLabels: { pull: "yes" } };
    const byLabel = credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { selector } } });
    for (const name of teams(40)) label(namespace({ name, labels: { pull: "yes" } }));
    put(byLabel);
    for (const name of teams(20)) label(namespace({ name, labels: {} }));
    expect(asked.held("acme")).toMatchObject({ cause: "Labels", count: 20 });
    const exclude = ["team-30"];
    const without = credential({
      ...byLabel,
      generation: 5,
      spec: { ...acme.spec, namespaces: { selector, exclude } },
    });
    put(without);
    expect(asked.entitled(without, namespace({ name: "team-30", labels: { pull: "yes" } }))).toBe(false);
  });

  it("on many Namespaces of its own does not hold up that it is taken out itself", () => {
    const { asked, put, label } = served(40);
    const selector = { matchLabels: { pull: "yes" } };
    const byLabel = credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { selector } } });
    for (const name of teams(40)) label(namespace({ name, labels: { pull: "yes" } }));
    put(byLabel);
    for (const name of teams(20)) label(namespace({ name, labels: {} }));
    expect(asked.entitled(byLabel, namespace({ name: "team-00", labels: {} }))).toBe(true);
    const namespaces = { selector, exclude: ["team-00"] };
    const without = credential({ ...byLabel, generation: 5, spec: { ...acme.spec, namespaces } });
    put(without);
    expect(asked.entitled(without, namespace({ name: "team-00", labels: {} }))).toBe(false);
    label(namespace({ name: "team-00", labels: { other: "one" } }));
    expect(asked.entitled(without, namespace({ name: "team-00", labels: { other: "one" } }))).toBe(false);
  });

  it("keeps its removal from being done, and gains nothing by a later hold", () => {
    const { asked, put, lead } = served(20);
    lead();
    const exclude = ["team-00", "team-01"];
    put(credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { include: ["team-*"], exclude } } }));
    const wrong = credential({ ...moved, generation: 5 });
    put(wrong);
    expect(asked.held("acme")?.count).toBe(18);
    expect(asked.held("acme")?.message).not.toContain("team-00");
    expect(asked.entitled(wrong, namespace({ name: "team-00" }))).toBe(false);
    expect(asked.entitled(wrong, namespace({ name: "team-05" }))).toBe(true);
    expect([...asked.mayHold("acme")]).toContain("team-00");
  });

  it("keeps many removals from being done, and so causes no hold", async () => {
    const { asked, put, lead, pass } = served(14);
    lead();
    const without = (generation: number, exclude: string[]): RegistryCredential =>
      credential({ ...acme, generation, spec: { ...acme.spec, namespaces: { include: ["team-*"], exclude } } });
    put(without(4, teams(10)));
    await pass(11);
    put(without(5, teams(11)));
    expect(asked.held("acme")).toBeUndefined();
  });

  it("in a namespace that it makes anew under its name says nothing of the one before", () => {
    const { asked, put, label } = served(11);
    put(moved);
    label(namespace({ name: "team-00", uid: "another" }));
    expect(asked.entitled(moved, namespace({ name: "team-00", uid: "another" }))).toBe(false);
    expect(asked.held("acme")?.count).toBe(10);
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
    const titles = ["team-00", "crew-a"].map((name) => asked.contributors(namespace({ name }), "regcred")[0]?.held);
    expect(titles).toEqual([true, false]);
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
    const { asked, put, label, unserve, pass } = served(20);
    const selector = { matchLabels: { pull: "yes" } };
    for (const name of teams(20)) label(namespace({ name, labels: { pull: "yes" } }));
    put(credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { selector } } }));
    const take = (name: string): void => label(namespace({ name }));
    for (const name of teams(10)) {
      take(name);
      unserve(name);
    }
    expect(asked.held("acme")).toBeUndefined();
    take("team-10");
    expect(asked.held("acme")?.count).toBe(1);
    unserve("team-10");
    await pass(10);
    take("team-11");
    expect(asked.held("acme")).toBeUndefined();
  });

  it("counts namespaces, not how often one of them comes and goes", () => {
    const { asked, put, label, serve, unserve } = served(12);
    const selector = { matchLabels: { pull: "yes" } };
    const member = (pull: boolean): NamespaceRecord =>
      namespace({ name: "team-00", labels: pull ? { pull: "yes" } : {} });
    for (const name of teams(12)) label(namespace({ name, labels: { pull: "yes" } }));
    put(credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { selector } } }));
    for (let round = 0; round < 20; round += 1) {
      label(member(false));
      expect(asked.held("acme")).toBeUndefined();
      unserve("team-00");
      label(member(true));
      serve("team-00", ["acme"]);
    }
  });

  it("by labels on the namespaces is held like any other, and says so", () => {
    const { asked, put, label } = served(11);
    const selector = { matchLabels: { pull: "yes" } };
    for (const name of teams(11)) label(namespace({ name, labels: { pull: "yes" } }));
    put(credential({ ...acme, generation: 4, spec: { ...acme.spec, namespaces: { selector } } }));
    for (const name of teams(11)) label(namespace({ name }));
    expect(asked.held("acme")).toMatchObject({ cause: "Labels", count: 11 });
  });

  it("by opting out is the tenants' own and never held", () => {
    const { asked, label } = served(11);
    for (const name of teams(11)) label(namespace({ name, optedOut: true }));
    expect(asked.held("acme")).toBeUndefined();
    expect(asked.entitled(acme, namespace({ name: "team-00", optedOut: true }))).toBe(false);
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

  it("stays held after a restart, though fewer are left by then", () => {
    const here = world();
    const reported = {
      type: "RemovalHeld",
      status: "True",
      reason: "TooManyNamespaces",
      message: "",
      observedGeneration: 4,
    };
    const condition = { ...reported, status: "True" as const, lastTransitionTime: "2026-01-01T00:00:00Z" };
    here.put(credential({ ...moved, status: { ...status, observedGeneration: 4, conditions: [condition] } }));
    for (const name of teams(3)) {
      here.label(namespace({ name }));
      here.serve(name, ["acme"]);
    }
    expect(here.asked.held("acme")).toMatchObject({ cause: "Spec", count: 3 });
  });
});

describe("what a mistyped glob costs", () => {
  /** How often something was looked up to hold a removal from so many, and to tell each Secret of it. */
  const lookups = (count: number): number => {
    let calls = 0;
    const { asked, put, label, serve } = world((key) => {
      if (key === "get" || key === "has" || key === "count") calls += 1;
    });
    put(acme);
    for (const name of teams(count)) {
      label(namespace({ name }));
      serve(name, ["acme"]);
    }
    calls = 0;
    put(moved);
    for (const name of teams(count)) expect(asked.contributors(namespace({ name }), "regcred")[0]?.held).toBe(true);
    return calls;
  };

  it("grows with the namespaces, and not with their square", () => {
    expect(lookups(1_000)).toBeLessThanOrEqual(10 * lookups(100) + 10);
  });
});

it("one that lists names may be entitled to these, and to those of which it holds a login, and to no others", () => {
  const { asked, put, label, serve, lead } = world();
  const listing = credential({ ...acme, spec: { ...acme.spec, namespaces: { include: ["team-a", "not-there"] } } });
  for (const name of ["team-a", "team-b", "team-c"]) label(namespace({ name }));
  put(listing);
  lead();
  serve("team-b", ["acme"]);
  expect([...asked.eligible(listing)].map(({ name }) => name).toSorted()).toEqual(["team-a", "team-b"]);
});

it("goes by the spec where a restored etcd counts a generation a second time", () => {
  const { asked, put, label } = world();
  const all = [namespace({ name: "team-a" }), namespace({ name: "team-b" })];
  for (const each of all) label(each);
  const of = (include: string) =>
    credential({ ...acme, generation: 5, spec: { ...acme.spec, namespaces: { include: [include] } } });
  const whoGets = () =>
    all.filter((each) => asked.contributors(each, "regcred").some(({ entitled }) => entitled)).map(({ name }) => name);
  put(of("team-a"));
  expect(whoGets()).toEqual(["team-a"]);
  put(of("team-b"));
  expect(whoGets()).toEqual(["team-b"]);
});

describe("what concerns nobody's login", () => {
  /** What is looked up of members, Namespaces and Secrets while that is done. */
  const lookups = (act: (here: World) => void): readonly string[] => {
    const calls: string[] = [];
    const here = world((key) => calls.push(key));
    here.put(acme);
    for (const name of teams(5)) {
      here.label(namespace({ name }));
      here.serve(name, ["acme"]);
    }
    calls.length = 0;
    act(here);
    return calls;
  };

  it("costs no look at namespaces or Secrets when a status is written", () => {
    expect(lookups(({ put }) => put(credential({ ...acme, status: { ...status, observedGeneration: 3 } })))).toEqual(
      [],
    );
  });

  it("costs a question when a Namespace changes that has no login", () => {
    expect(lookups(({ label }) => label(namespace({ name: "other" })))).toEqual(["inNamespace"]);
  });
});
