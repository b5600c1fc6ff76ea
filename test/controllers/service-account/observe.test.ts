// Tests of what is wanted of a ServiceAccount, given who contributes to each Secret name and what was found of it.
import { contextOf } from "../context-of.ts";
import { describe, expect, it, vi } from "vitest";
import { finalizer } from "../../../src/api/names.ts";
import { observeReferences } from "../../../src/controllers/service-account/observe.ts";
import type { SecretFinding } from "../../../src/controllers/status-cache.ts";
import type { SecretRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import type { Contributor } from "../../../src/entitlement/credential-index.ts";
import { contributor, credential, namespace, secretRecord, serviceAccount } from "../../entitlement/objects.ts";

/** What is known of a Secret name. */
interface Known {
  readonly by: readonly Contributor[];
  /** Default: usable. */
  readonly state?: SecretFinding["state"] | "unknown";
  /** Default: there. */
  readonly record?: SecretRecord | undefined;
  /** Uids of those who hold a login in it, as the record of members says. */
  readonly holders?: readonly string[];
}

/** Of names with what is known of them; `unreadable` has written to tenants, and cannot be read. */
const observed = (
  names: Readonly<Record<string, Known>>,
  {
    unreadable = false,
    account = {},
    looks = "absent",
    synced = true,
    recorded = Object.keys(names),
    forged = [],
  }: {
    forged?: readonly string[];
    recorded?: readonly string[];
    unreadable?: boolean;
    account?: Partial<ServiceAccountRecord>;
    looks?: string;
    synced?: boolean;
  } = {},
) => {
  const hidden = { name: "hidden", uid: "uid-hidden", finalizers: [finalizer] };
  const holders = ({ secretName }: { readonly secretName: string }): readonly string[] =>
    names[secretName]?.holders ?? [];
  const context = contextOf({
    credentials: {
      index: {
        contributorsIn: () =>
          new Map(Object.entries(names).flatMap(([name, { by }]) => (by.length > 0 ? [[name, by]] : []))),
        isInUse: (name: string) => name in names,
        unreadable: () => new Set(unreadable ? ["hidden"] : []),
        exists: () => false,
      },
      statusCache: {
        secretNames: () => Object.keys(names).filter((name) => names[name]?.state !== "unknown"),
        secret: (_namespace: string, name: string) => {
          const { state = "usable" } = names[name] ?? {};
          return state === "unknown" ? undefined : { state, credentials: new Map() };
        },
      },
      members: {
        recorded: () => true,
        secretNamesIn: () => Object.keys(names).filter((name) => names[name]?.holders),
        holds: (place: { readonly secretName: string }, _uid: string, uid: string) => holders(place).includes(uid),
        holders,
      },
    },
    cluster: {
      stores: {
        credentials: Object.assign(new Map(unreadable ? [["hidden", hidden]] : []), {
          find: () => ({ kind: "absent" }),
        }),
        serviceAccounts: {
          byIndex: () => [
            ...forged.map((record) => serviceAccount({ record })),
            serviceAccount({ record: JSON.stringify(recorded), ...account }),
          ],
        },
        pullSecrets: {
          get: (key: string) => {
            const name = key.slice("team-a/".length);
            const known = names[name] ?? { by: [] };
            return "record" in known ? known.record : secretRecord({ name });
          },
          look: (key: string) => {
            const known = names[key.slice("team-a/".length)] ?? {};
            return { kind: "record" in known && known.record === undefined ? looks : "there" };
          },
        },
      },
      namesSynced: () => synced,
    },
  });
  const all = observeReferences(context, namespace());
  const { secrets, extras, unjudged } = all.of(serviceAccount(account));
  return { all, secrets, extras, unjudged: [...unjudged].toSorted() };
};

/** What is true of the Secret `regcred`, in words. */
const truths = (known: Known, rest: Readonly<Record<string, Known>> = {}, how: Parameters<typeof observed>[1] = {}) => {
  const { secrets, unjudged } = observed({ regcred: known, ...rest }, how);
  const found = secrets.find(({ name }) => name === "regcred");
  if (!found) return unjudged.includes("regcred") ? "unjudged" : "nothing";
  return Object.entries(found)
    .flatMap(([truth, is]) => (is === true ? [truth] : []))
    .join(" ");
};

const acme = credential();
const renamed = credential({ spec: { pullSecret: { name: "new", onConflict: "Fail" } } });
const formerly = contributor(renamed, { role: "former" });
const retiring = contributor(renamed, { role: "retiring" });
const orphaned = secretRecord({ credentials: ["gone"] });

/** How the Secret and perhaps others stand, and what is true of it then. */
type Row = readonly [what: string, expected: string, known: Known, rest?: Readonly<Record<string, Known>>];

const cases: readonly Row[] = [
  ["a credential has its login in it", "wanted usable served", { by: [contributor()] }],
  ["its deletion is under way", "wanted served", { by: [contributor()], record: secretRecord({ terminating: true }) }],
  ["it is away", "wanted served", { by: [contributor()], record: undefined }],
  [
    "nobody wants it and it is not there, so that it was not looked at",
    "",
    { by: [], state: "unknown", record: undefined },
  ],
  ["it was not looked at", "unjudged", { by: [contributor()], state: "unknown" }],
  ["it waits for a token", "unjudged", { by: [contributor()], state: "waiting" }],
  ["it is somebody else's", "wanted foreign served", { by: [contributor()], state: "foreign" }],
  ["it is somebody else's and away", "wanted served", { by: [contributor()], state: "foreign", record: undefined }],
  ["it is about to go", "leaving", { by: [contributor(acme, { entitled: false })], state: "leaving" }],
  ["its credential is suspended", "unjudged", { by: [contributor(credential({ spec: { suspend: true } }))] }],
  [
    "one of two is suspended",
    "wanted usable served",
    { by: [contributor(credential({ name: "idle", spec: { suspend: true } })), contributor()] },
  ],
  [
    "a suspended one is deleted",
    "usable",
    { by: [contributor(credential({ spec: { suspend: true } }), { entitled: false, deleting: true })] },
  ],
  [
    "its credential writes no references",
    "usable served",
    { by: [contributor(credential({ spec: { references: "None" } }))] },
  ],
  [
    "its credential does not select the account",
    "usable served",
    { by: [contributor(credential({ spec: { serviceAccounts: { include: ["ci"] } } }))] },
  ],
  ["its credential is not confirmed", "usable served frozen", { by: [contributor(acme, { confirmed: false })] }],
  [
    "one that is not confirmed selects other accounts",
    "wanted usable served",
    {
      by: [
        contributor(credential({ name: "new", spec: { serviceAccounts: { include: ["ci"] } } }), {
          confirmed: false,
        }),
        contributor(),
      ],
    },
  ],
  ["one who leaves it is not confirmed", "usable", { by: [contributor(acme, { entitled: false, confirmed: false })] }],
  [
    "the tenant keeps it",
    "usable retained",
    { by: [contributor(acme, { entitled: false, deleting: true, retains: true })] },
  ],
  [
    "the tenant keeps what is not there",
    "",
    { by: [contributor(acme, { entitled: false, deleting: true, retains: true })], record: undefined },
  ],
  [
    "one who is gone has a login in it",
    "wanted usable served frozen",
    { by: [contributor()], record: orphaned, holders: ["uid-gone"] },
  ],
  [
    "a Secret names one who is gone, and the record does not",
    "wanted usable served",
    { by: [contributor()], record: orphaned },
  ],
  ["its name was changed, and the new one can be used", "usable", { by: [retiring] }, { new: { by: [] } }],
  [
    "its name was changed, and the new one is not ours",
    "wanted usable",
    { by: [retiring] },
    { new: { by: [], state: "foreign" } },
  ],
  [
    "its name was changed, and the new one was not looked at",
    "usable frozen",
    { by: [retiring] },
    { new: { by: [], state: "unknown" } },
  ],
  [
    "its name was changed, and the new one waits",
    "usable frozen",
    { by: [retiring] },
    { new: { by: [], state: "waiting" } },
  ],
  [
    "its name was changed, and the new one waits and is not there",
    "wanted usable",
    { by: [retiring] },
    { new: { by: [], state: "waiting", record: undefined } },
  ],
  [
    "its name was changed long ago, and the new one is not ours",
    "usable",
    { by: [formerly] },
    { new: { by: [], state: "foreign" } },
  ],
  [
    "its name was changed by one who has others here",
    "wanted usable served",
    { by: [contributor(), retiring] },
    { new: { by: [] } },
  ],
];
it.each([
  ["may be there", { looks: "not-seen" }],
  ["may be there, for its name is not known", { synced: false }],
])("a Secret that nobody wants, and that %s, is left alone until it was looked at", (_what, how) => {
  expect(truths({ by: [], state: "unknown", record: undefined }, {}, how)).toBe("unjudged");
});

const rows = cases.map(([what, expected, known, rest = {}]) => [what, expected, known, rest] as const);

describe("of the Secret is said", () => {
  it.each(rows)("where %s: %s", (_what, expected, known, rest) => {
    expect(truths(known, rest)).toBe(expected);
  });

  it("nothing is wanted where the account has opted out", () => {
    expect(truths({ by: [contributor()] }, {}, { account: { optedOut: true } })).toBe("usable served");
  });

  it.each<readonly [string, string, Known]>([
    ["has a login in it", "usable frozen", { by: [], holders: ["uid-hidden"] }],
    ["has none in it", "usable", { by: [] }],
    ["may have referred to somebody else's", "foreign frozen", { by: [], state: "foreign" }],
    ["may have referred to what is not there", "", { by: [], state: "foreign", record: undefined }],
  ])("where one that cannot be read %s: %s", (_what, expected, known) => {
    expect(truths(known, {}, { unreadable: true })).toBe(expected);
  });
});

describe("beside it", () => {
  const wanting = (changes: Parameters<typeof credential>[0] = {}) =>
    credential({
      ...changes,
      spec: {
        pullSecret: { name: "regcred", onConflict: "Fail", extraReferences: ["kept", "coming"] },
        ...changes?.spec,
      },
      status: { extraReferences: ["kept", "former"] },
    });

  it("what the status remembers is wanted, and what it does not is left as it is", () => {
    const { extras, unjudged, all } = observed({ regcred: { by: [contributor(wanting())] } });
    expect([extras, unjudged, [...all.formerExtras]]).toEqual([["kept"], ["coming"], ["former"]]);
  });

  it("is never the Secret's own name, whatever the status says", () => {
    const own = credential({ status: { extraReferences: ["regcred", "former"] } });
    expect([...observed({ regcred: { by: [contributor(own)] } }).all.formerExtras]).toEqual(["former"]);
  });

  it.each<readonly [string, Known]>([
    ["nobody has looked at it", { by: [contributor(wanting())], state: "unknown" }],
    ["the credential is suspended", { by: [contributor(wanting({ spec: { suspend: true } }))] }],
  ])("nothing changes where %s", (_what, known) => {
    const { extras, unjudged } = observed({ regcred: known });
    expect([extras, unjudged]).toEqual([[], ["coming", "former", "kept", "regcred"]]);
  });

  it("nothing changes of one that is not confirmed, also where it is the only one", () => {
    const { extras, unjudged } = observed({ regcred: { by: [contributor(wanting(), { confirmed: false })] } });
    expect([extras, unjudged]).toEqual([[], ["coming", "former", "kept"]]);
  });

  it("all of it goes with a credential that is deleted, and what it wants stays under Retain", () => {
    const gone = { entitled: false, deleting: true };
    const formerOf = (deletionPolicy: "Delete" | "Retain") => [
      ...observed({ regcred: { by: [contributor(wanting({ spec: { deletionPolicy } }), gone)] } }).all.formerExtras,
    ];
    expect([formerOf("Delete").toSorted(), formerOf("Retain")]).toEqual([["coming", "former", "kept"], ["former"]]);
  });

  it("nothing of it goes with one that is not deleted, whatever its policy", () => {
    expect([...observed({ regcred: { by: [contributor(wanting())] } }).all.formerExtras]).toEqual(["former"]);
  });
});

it("nothing is asked of a name in use elsewhere, unless an account has it on record", () => {
  const elsewhere: Known = { by: [], state: "unknown" };
  const asked = (recorded: readonly string[]): readonly string[] =>
    observed({ regcred: { by: [contributor()] }, elsewhere }, { recorded }).unjudged;
  expect([asked(["theirs"]), asked(["elsewhere"])]).toEqual([[], ["elsewhere"]]);
});

it("records that a tenant has made long cost no more than sound ones, which are read beside them", () => {
  const forged = Array.from({ length: 200 }, (_, index) =>
    JSON.stringify([`${index}`, ...Array.from({ length: 900 }, () => "x")]),
  );
  const elsewhere: Known = { by: [], state: "unknown" };
  const parse = vi.spyOn(JSON, "parse");
  const { unjudged } = observed(
    { regcred: { by: [contributor()] }, elsewhere },
    { forged, recorded: ["elsewhere"], looks: "unknown" },
  );
  const read = parse.mock.calls.reduce((total, [text]) => total + text.length, 0);
  parse.mockRestore();
  expect(unjudged).toEqual(["elsewhere"]);
  expect(read).toBeLessThanOrEqual(64 * 1024);
});

it("is equal by its text as long as nothing that matters has changed", () => {
  const text = (known: Partial<Known>) => observed({ regcred: { by: [contributor()], ...known } }).all.text;
  expect(text({})).toBe(text({ record: secretRecord({ resourceVersion: "8", digest: "another" }) }));
  const others = [
    text({ state: "foreign" }),
    text({ record: undefined }),
    text({ record: secretRecord({ uid: "another" }) }),
    text({ record: secretRecord({ terminating: true }) }),
    text({ by: [contributor(acme, { confirmed: false })] }),
    text({ by: [contributor(acme, { entitled: false, deleting: true })] }),
    text({ by: [contributor(credential({ generation: 4 }))] }),
    text({ record: orphaned, holders: ["uid-gone"] }),
  ];
  expect(new Set([text({}), ...others]).size).toBe(others.length + 1);
});
