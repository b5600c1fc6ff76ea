// Every change queues the work that it calls for, in the right lane, and nothing else.
import { contextOf } from "./context-of.ts";
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { CredentialRecord, SecretRecord } from "../../src/cluster/records.ts";
import { credentialWatches } from "../../src/controllers/credential/watches.ts";
import { pullSecretWatches } from "../../src/controllers/pull-secret/watches.ts";
import { referencesWatches } from "../../src/controllers/service-account/watches.ts";
import { newSignals } from "../../src/controllers/signals.ts";
import type { Request, Skip } from "../../src/runtime/queue/controllers.ts";
import { listeners } from "../../src/runtime/watch/listeners.ts";
import { credential, frozen, minute, namespace, secretRecord, serviceAccount } from "../entitlement/objects.ts";

const thrown = (error: unknown): never => {
  throw error;
};

/** Lane and key of each request. */
function lanes(requests: readonly Request[]): string[] {
  return requests.map(({ key, options }) => `${options?.lane} ${key}`).toSorted();
}

type Watched = "credentials" | "namespaces" | "serviceAccounts" | "pullSecrets";

interface There {
  readonly names?: readonly string[];
  readonly credentials?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Secret names that concern each namespace. Default: all. */
  readonly concerned?: readonly string[];
  /** Pull Secrets that are there. */
  readonly present?: readonly string[];
  /** Of whom each is, by its marks. Default: nobody's. */
  readonly records?: readonly SecretRecord[];
  /** Something was found of some Secret of each namespace. Default: it was. */
  readonly judged?: boolean;
  /** What was found of the Secret regcred of each namespace. Default: nothing. */
  readonly state?: "usable" | "absent";
  /** The pull Secrets of the names have been listed. Default: they have. */
  readonly synced?: boolean;
}

/** What the controllers make of a change in one of the stores. */
function requestsOf(of: Watched, change: object, there: There = {}): readonly Request[] {
  return heardOf(of, change, there).filter((request) => request !== undefined);
}

/** The same with what is passed over. */
function heardOf(of: Watched, change: object, there: There): readonly (Request | Skip)[] {
  const {
    names = ["regcred"],
    credentials = [],
    namespaces = [],
    concerned = names,
    present = [],
    records = [],
    synced = true,
    judged = true,
  } = there;
  const store = (values: readonly string[]) => ({
    ...listeners<object>(thrown),
    values: () => values.map((name) => namespace({ name })),
    get: (name: string) => values.map((each) => namespace({ name: each })).find(({ key }) => key === name),
    look: (key: string) => ({ kind: present.includes(key) ? "there" : "absent" }),
  });
  const stores = {
    credentials: store(credentials),
    namespaces: store(namespaces),
    serviceAccounts: store([]),
    pullSecrets: {
      ...store([]),
      values: () => records,
      byIndex: (at: string) =>
        present.flatMap((key) => (key.startsWith(`${at}/`) ? [{ name: key.slice(at.length + 1) }] : [])),
    },
    crds: store([]),
  };
  const credentialIndex = {
    names: () => names,
    isInUse: (name: string) => names.includes(name),
    namesIn: () => concerned,
    isNamed: () => concerned.length > 0,
    namesOf: () => [],
    concerned: () => credentials,
    concernsAll: ({ status }: RegistryCredential) => status?.extraReferences !== undefined,
    mayHold: () => ["held"],
    mayHoldIn: (_credential: string, { name }: { readonly name: string }) => name === "held",
    onNames: () => undefined,
    exists: (name: string) => name !== "made-up",
    // Only as the account of this name.
    askingAs: ({ name }: { readonly name: string }) => (name === serviceAccount().name ? credentials : []),
  };
  const settings = { namespace: "regcred-system" };
  const known = {
    cluster: { stores, namesSynced: () => synced },
    credentials: {
      index: credentialIndex,
      statusCache: {
        secretNames: () => (judged ? ["no longer"] : []),
        references: () => undefined,
        secret: (at: string, name: string) =>
          name === "regcred" && (at === "found" || there.state) ? { state: there.state } : undefined,
      },
    },
    runtime: { clock: { now: () => minute(0) } },
    settings,
    queue: { signals: newSignals(thrown) },
  };
  const context = contextOf(known);
  const heard: (Request | Skip)[] = [];
  for (const each of [...pullSecretWatches(context), ...referencesWatches(context), ...credentialWatches(context)])
    each.follow((requests) => heard.push(...requests));
  stores[of].tell(frozen(change));
  return heard;
}

function record(read: RegistryCredential | undefined): CredentialRecord {
  const { name, uid, generation, resourceVersion, finalizers, annotations } = read ?? credential();
  return frozen({
    key: name,
    name,
    uid,
    generation,
    resourceVersion,
    finalizers,
    annotations,
    deleting: false,
    credential: read,
    problems: [],
  });
}

it("others have a turn at each namespace that a change passes over", () => {
  const namespaces = Array.from({ length: 100 }, (_, index) => `other-${index}`);
  const [before, after] = [1, 2].map((generation) =>
    record(credential({ generation, spec: { namespaces: { include: [`team-${generation}-*`] } } })),
  );
  const heard = heardOf("credentials", { key: "acme", before, after }, { namespaces, concerned: [] });
  // Of Secrets and of references.
  expect(heard.filter((each) => each === undefined).length).toBeGreaterThanOrEqual(2 * namespaces.length);
});

it("whose is what stands in a Secret of another name is asked when one comes or goes that it names", () => {
  const mine = secretRecord({ key: "far/old", namespace: "far", name: "old", credentials: ["other", "acme"] });
  const theirs = secretRecord({ key: "far/new", namespace: "far", name: "new", credentials: ["other"] });
  const there = { namespaces: [], records: [mine, theirs] };
  const gone = { key: "acme", before: record(credential()) };
  expect(lanes(requestsOf("credentials", gone, there))).toEqual(
    expect.arrayContaining(["bulk references/far", "bulk secret/far/old"]),
  );
  expect(lanes(requestsOf("credentials", gone, there))).not.toContain("bulk secret/far/new");
  const altered = { ...gone, after: record(credential({ generation: 2 })) };
  expect(lanes(requestsOf("credentials", altered, there))).not.toContain("bulk secret/far/old");
});

describe("a namespace", () => {
  const before = namespace();
  const after = namespace({ resourceVersion: "2", labels: { pull: "yes" } });

  it("that has just appeared overtakes everything", () => {
    expect(lanes(requestsOf("namespaces", { key: "team-a", after }, { names: ["regcred", "old"] }))).toEqual([
      "interactive references/team-a",
      "interactive secret/team-a/old",
      "interactive secret/team-a/regcred",
    ]);
  });

  it("that has changed is looked at in turn, and counted anew a little later", () => {
    const requests = requestsOf("namespaces", { key: "team-a", before, after }, { credentials: ["acme"] });
    expect(lanes(requests)).toEqual([
      "normal credential/acme",
      "normal references/team-a",
      "normal secret/team-a/regcred",
    ]);
    expect(requests.at(-1)?.options?.debounced).toBe(true);
  });

  it("that is gone is forgotten under every name, and has no references to look at", () => {
    expect(lanes(requestsOf("namespaces", { key: "team-a", before }, { credentials: ["acme"] }))).toEqual([
      "normal credential/acme",
      "normal secret/team-a/regcred",
    ]);
  });
});

describe("a namespace that few credentials concern", () => {
  const there = { names: ["regcred", "held", "found", "others"], concerned: ["regcred"], present: ["team-a/held"] };

  it("is looked at under their names when it changes", () => {
    const change = { key: "team-a", before: namespace(), after: namespace({ resourceVersion: "2" }) };
    expect(lanes(requestsOf("namespaces", change, there))).toEqual([
      "normal references/team-a",
      "normal secret/team-a/regcred",
    ]);
  });

  it("is looked at under those of Secrets that are there, too, when it has just appeared, and under no others", () => {
    const requests = requestsOf("namespaces", { key: "team-a", after: namespace() }, there);
    expect(lanes(requests)).toEqual([
      "interactive references/team-a",
      "interactive secret/team-a/held",
      "interactive secret/team-a/regcred",
    ]);
  });
});

describe("a ServiceAccount", () => {
  const account = serviceAccount();
  // The grants of TenantServiceAccount entries are rendered by the pull Secret's run, and told by the status.
  const secrets = ["undefined secret/team-a/regcred", "undefined secret/team-a/old", "normal credential/acme"];

  it.each([
    ["that has just appeared overtakes everything", { after: account }, [...secrets, "interactive references/team-a"]],
    ["that has changed is looked at in turn", { before: account, after: account }, ["normal references/team-a"]],
    [
      "that was made anew is another identity",
      { before: account, after: serviceAccount({ uid: "other" }) },
      [...secrets, "normal references/team-a"],
    ],
    [
      "that clouds know by another name is another identity",
      { before: account, after: serviceAccount({ cloud: { "eks.amazonaws.com/role-arn": "arn" } }) },
      [...secrets, "normal references/team-a"],
    ],
    ["that is gone takes its identity along", { before: account }, secrets],
    ["that did not fit has its namespace told", {}, ["normal references/team-a"]],
  ])("%s", (_what, change, expected) => {
    const requests = requestsOf(
      "serviceAccounts",
      { key: account.key, ...change },
      { names: ["regcred", "old"], credentials: ["acme"] },
    );
    expect(lanes(requests)).toEqual(expected.toSorted());
  });
});

describe("the references of a namespace none of whose Secrets has been judged yet", () => {
  const there = { namespaces: ["team-a"], judged: false };
  const isAsked = (of: Watched, change: object, more: There = {}): boolean =>
    requestsOf(of, change, { ...there, ...more }).some(({ key }) => key === "references/team-a");

  it.each<[string, Watched, object]>([
    ["it has just appeared", "namespaces", { key: "team-a", after: namespace() }],
    ["an account has", "serviceAccounts", { key: serviceAccount().key, after: serviceAccount() }],
    ["a RegistryCredential has", "credentials", { key: "acme", after: record(credential()) }],
  ])("are not looked at because %s, but with the first of them", (_what, of, change) => {
    expect([isAsked(of, change), isAsked(of, change, { judged: true })]).toEqual([false, true]);
  });

  it("are looked at where nobody wants any there", () => {
    expect(isAsked("namespaces", { key: "team-a", after: namespace() }, { concerned: [] })).toBe(true);
  });
});

describe("a ServiceAccount of the operator's own namespace", () => {
  const puller = serviceAccount({ key: "regcred-system/puller", namespace: "regcred-system", name: "puller" });
  // Tokens of all namespaces may be asked for as this one.
  const everywhere = ["bulk secret/team-a/regcred", "bulk secret/team-b/regcred"];
  const own = "undefined secret/regcred-system/regcred";

  it.each([
    ["that has come", { after: puller }, [...everywhere, own, "interactive references/regcred-system"]],
    ["that is gone", { before: puller }, [...everywhere, own]],
    ["that has changed otherwise", { before: puller, after: puller }, ["normal references/regcred-system"]],
  ])("%s has what is asked for in its name looked at in every namespace", (_what, change, expected) => {
    const there = { namespaces: ["team-a", "team-b"] };
    expect(lanes(requestsOf("serviceAccounts", { key: puller.key, ...change }, there))).toEqual(expected.toSorted());
  });
});

describe("a Secret of a pull Secret's name", () => {
  const ours = secretRecord({ credentials: ["acme", "beta"] });

  it("tells nobody before all of that name have been listed: then each is looked at", () => {
    expect(requestsOf("pullSecrets", { key: ours.key, after: ours }, { synced: false })).toEqual([]);
    expect(requestsOf("pullSecrets", { key: ours.key, before: ours }, { synced: false })).toEqual([]);
  });

  it("that has come where the same was found of one before it has the references looked at, which may have met none", () => {
    const keysWhere = (state: "usable" | "absent"): readonly string[] =>
      requestsOf("pullSecrets", { key: ours.key, after: ours }, { state }).map(({ key }) => key);
    expect(keysWhere("usable")).toContain("references/team-a");
    expect(keysWhere("absent")).not.toContain("references/team-a");
  });

  it.each([
    [
      "that has come tells the credentials in it",
      { after: ours },
      ["normal secret/team-a/regcred", "normal credential/acme", "normal credential/beta"],
    ],
    [
      "that is gone tells the credentials that were in it, and has the references looked at",
      { before: ours },
      ["normal secret/team-a/regcred", "normal references/team-a", "normal credential/acme", "normal credential/beta"],
    ],
    [
      "that was made anew unseen has the references looked at",
      { before: ours, after: { ...ours, uid: "another" } },
      ["normal secret/team-a/regcred", "normal references/team-a"],
    ],
    [
      "that lost one credential for another tells these two, and has the references looked at",
      { before: ours, after: secretRecord({ credentials: ["acme", "gamma"] }) },
      ["normal secret/team-a/regcred", "normal references/team-a", "normal credential/beta", "normal credential/gamma"],
    ],
    [
      "that lists names of no RegistryCredential tells none",
      { before: ours, after: secretRecord({ credentials: ["acme", "beta", "made-up"] }) },
      ["normal secret/team-a/regcred", "normal references/team-a"],
    ],
    ["that changed otherwise tells nobody else", { before: ours, after: ours }, ["normal secret/team-a/regcred"]],
  ])("%s", (_what, change, expected) => {
    expect(lanes(requestsOf("pullSecrets", { key: ours.key, ...change }))).toEqual(expected.toSorted());
  });
});

describe("a RegistryCredential", () => {
  const keysIn = (namespaces: readonly string[], names: readonly string[]): string[] => [
    ...namespaces.flatMap((each) => [...names.map((name) => `bulk secret/${each}/${name}`), `bulk references/${each}`]),
    "interactive credential/acme",
  ];
  /** Selects the namespaces `team-*`. */
  const served = ["team-a", "team-b", "held", "found"];

  function triggers(one: RegistryCredential | undefined, other: RegistryCredential | undefined): readonly Request[] {
    const change = { key: "acme", ...(one && { before: record(one) }), ...(other && { after: record(other) }) };
    const namespaces = ["team-a", "team-b", "held", "found", "others"];
    return requestsOf("credentials", change, { names: ["regcred", "others"], namespaces });
  }

  const before = credential({ status: { secretName: "regcred" } });

  it.each<[string, RegistryCredential | undefined, RegistryCredential | undefined, string[]?]>([
    ["is new", undefined, before],
    ["is gone", before, undefined],
    ["has a new spec", before, credential({ ...before, generation: 4 })],
    ["was made anew", before, credential({ ...before, uid: "other" })],
    ["is being deleted", before, credential({ ...before, deletionTimestamp: minute(0) })],
    ["got our finalizer", before, credential({ ...before, finalizers: ["regcred.dev/drain"] })],
    [
      "got an annotation, such as the one that releases the removal guard",
      before,
      credential({ ...before, annotations: { a: "1" } }),
    ],
    ["was served under another name", before, credential({ ...before, status: { secretName: "new" } }), ["new"]],
    [
      "was taken over by this install",
      credential({ ...before, status: { secretName: "regcred", operatorNamespace: "former" } }),
      credential({ ...before, status: { secretName: "regcred", operatorNamespace: "regcred-system" } }),
    ],
    ["stored its first name", credential(), before],
    [
      "gave up a former name",
      credential({ ...before, status: { secretName: "regcred", retiring: [{ secretName: "old", until: "" }] } }),
      before,
      ["old"],
    ],
  ])(
    "that %s concerns under its names those that it selects, and where something of it is, or was found, behind what somebody waits for",
    (_what, one, other, further = []) => {
      expect(lanes(triggers(one, other))).toEqual(keysIn(served, ["regcred", ...further]).toSorted());
    },
  );

  it("that no longer selects them concerns those that it did", () => {
    const moved = credential({
      ...before,
      generation: 4,
      spec: { ...before.spec, namespaces: { include: ["others"] } },
    });
    expect(lanes(triggers(before, moved))).toEqual(keysIn([...served, "others"], ["regcred"]).toSorted());
  });

  it("that lists names concerns these, and where something of it is", () => {
    const include = ["team-b", "away"];
    const listing = credential({ ...before, spec: { ...before.spec, namespaces: { include } } });
    const changed = credential({ ...listing, generation: 4 });
    expect(lanes(triggers(listing, changed))).toEqual(keysIn(["team-b", "held"], ["regcred"]).toSorted());
    expect(lanes(triggers(listing, undefined))).toEqual(keysIn(["team-b", "held", "found"], ["regcred"]).toSorted());
  });

  it("that leaves traces anywhere concerns every namespace", () => {
    const traces = credential({ ...before, generation: 4, status: { secretName: "regcred", extraReferences: ["x"] } });
    expect(lanes(triggers(before, traces))).toEqual(keysIn([...served, "others"], ["regcred"]).toSorted());
  });

  it("that cannot be read concerns every namespace under every name: what stands there may be its", () => {
    const change = { key: "acme", before: record(before), after: { ...record(before), credential: undefined } };
    const requests = requestsOf("credentials", change, { names: ["regcred", "old"], namespaces: ["team-a", "others"] });
    expect(lanes(requests)).toEqual(keysIn(["team-a", "others"], ["regcred", "old"]).toSorted());
  });

  it("shares the bulk lane with the others", () => {
    const flows = triggers(undefined, before).map(({ options }) => options?.flow);
    expect(new Set(flows.slice(0, -1))).toEqual(new Set(["acme"]));
  });

  it.each<[string, RegistryCredential]>([
    ["a new status", credential({ ...before, status: { secretName: "regcred", namespacesReady: "1/2" } })],
    ["somebody else's finalizer", credential({ ...before, finalizers: ["x/y"] })],
    ["a new version", credential({ ...before, resourceVersion: "2" })],
  ])("with %s is looked at alone, with what comes meanwhile: its own next status, for one", (_what, after) => {
    const requests = triggers(before, after);
    expect([lanes(requests), requests.map(({ options }) => options?.debounced)]).toEqual([
      ["normal credential/acme"],
      [true],
    ]);
  });
});
