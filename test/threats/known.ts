// Attacks that have once succeeded, or are the first that come to mind, each as a history of the threat test.
import type { AdministratorStep, Forgery, Place, Step, TenantStep } from "./steps.ts";

export interface KnownAttack {
  /** Completes "a tenant gains nothing and holds up nobody who ...". */
  readonly what: string;
  readonly steps: readonly Step[];
}

const tenant = (does: TenantStep): Step => ({ by: "tenant", beside: false, does });
const beside = (does: TenantStep): Step => ({ by: "tenant", beside: true, does });
const administrator = (does: AdministratorStep): Step => ({ by: "administrator", does });

const select = (which: "all" | "few less" | "many less"): Step => administrator({ act: "select", which });
const rotate = administrator({ act: "rotate", of: "a" });
const wait = administrator({ act: "wait" });
/** Longer than what was right before is let pass. */
const aWhile = [wait, wait, wait];
const restart = administrator({ act: "restart", killed: false });

const plain: Forgery = {
  managedBy: "regcred",
  credentials: ["a"],
  entries: undefined,
  managed: undefined,
  config: "made up",
  type: "kubernetes.io/dockerconfigjson",
  finalizer: false,
  owner: false,
  immutable: false,
  adopt: false,
};
const forge = (at: Place, forgery: Partial<Forgery> = {}): Step =>
  tenant({ act: "forge", at, name: "regcred", forgery: { ...plain, ...forgery } });
const keep = (at: Place): Step => tenant({ act: "keep", at });
const putBack = (at: Place): Step => tenant({ act: "put back", at, name: "regcred" });

const theft: readonly KnownAttack[] = [
  {
    what: "makes and deletes a forged member again and again, where nothing selects it",
    steps: [tenant({ act: "flap", at: 3, of: "a", times: 25 }), rotate, wait],
  },
  {
    what: "forges members in 13 namespaces at once",
    steps: [tenant({ act: "spread", of: "a", namespaces: 13 }), rotate, wait],
  },
  { what: "forges a member while a hold lasts", steps: [select("many less"), forge(3), rotate, wait] },
  {
    what: "takes its pull Secret away while a hold lasts, to be given another",
    steps: [select("many less"), ...aWhile, tenant({ act: "remove", at: 0, name: "regcred" }), rotate, wait],
  },
  {
    what: "writes something else into its pull Secret while a hold lasts",
    steps: [select("many less"), ...aWhile, forge(0), rotate, wait],
  },
  {
    what: "copies its Secret with all its marks into a namespace that nothing selects, while a hold lasts",
    steps: [keep(1), select("many less"), putBack(3), putBack(2), rotate, wait],
  },
  {
    what: "is taken out of the selection and forges members to be held",
    steps: [
      keep(0),
      select("few less"),
      wait,
      putBack(0),
      tenant({ act: "spread", of: "a", namespaces: 13 }),
      tenant({ act: "flap", at: 0, of: "a", times: 25 }),
      rotate,
      wait,
    ],
  },
  {
    what: "puts back what it kept from a former membership, while a hold lasts",
    steps: [keep(0), select("few less"), wait, select("many less"), putBack(0), rotate, wait],
  },
  {
    what: "puts back what it kept from a former membership, before the operator starts in a hold",
    steps: [keep(0), select("few less"), wait, select("many less"), putBack(0), restart, rotate, wait],
  },
  {
    what: "replays its marks after the credential was deleted and made anew",
    steps: [keep(1), administrator({ act: "replace" }), putBack(3), putBack(1), select("many less"), rotate, wait],
  },
  {
    what: "makes its namespace anew under the same name, while a hold lasts",
    steps: [keep(0), select("many less"), tenant({ act: "vacate", at: 0, forced: false }), putBack(0), rotate, wait],
  },
  {
    what: "forces its namespace out, so that its Secret is there in the next of that name",
    steps: [
      tenant({ act: "finalizer", at: 0, on: true }),
      select("many less"),
      tenant({ act: "vacate", at: 0, forced: true }),
      rotate,
      wait,
    ],
  },
  {
    what: "forges marks of all that it can think of, beside a removal",
    steps: [forge(3, { managed: "everything", entries: "forged", adopt: true }), select("few less"), rotate, wait],
  },
  {
    what: "joins and leaves by its own label, again and again",
    steps: (["join", "leave", "join", "leave"] as const).flatMap((how) => [
      tenant({ act: "label", at: 3, how }),
      tenant({ act: "label", at: 2, how }),
      wait,
    ]),
  },
];

const nuisance: readonly KnownAttack[] = [
  {
    what: "names 1,000 made-up credentials in a Secret that it changes 100 times",
    steps: [tenant({ act: "crowd", at: 3, names: 1_000, times: 100 }), rotate],
  },
  {
    what: "names 4,000 made-up credentials in a Secret that is selected",
    steps: [tenant({ act: "crowd", at: 1, names: 4_000, times: 20 }), rotate],
  },
  { what: "puts a finalizer on its pull Secret", steps: [tenant({ act: "finalizer", at: 0, on: true }), rotate] },
  {
    what: "puts a finalizer on a forged Secret",
    steps: [forge(3, { finalizer: true }), forge(2, { finalizer: true })],
  },
  {
    what: "forges a merged Secret of another type",
    steps: [forge(3, { managed: "everything", type: "Opaque", credentials: ["a", "b", "c"] })],
  },
  {
    what: "puts its reference back again and again, while the credential is deleted",
    steps: [beside({ act: "refer", at: 0, times: 60 }), administrator({ act: "replace" })],
  },
  {
    what: "refers to its pull Secret from a namespace that nothing selects, again and again",
    steps: [forge(3), beside({ act: "refer", at: 3, times: 60 }), administrator({ act: "replace" })],
  },
  {
    what: "fills a Secret of our name up to 1 MiB",
    steps: [forge(0, { config: "large" }), forge(3, { config: "large" }), rotate],
  },
  {
    what: "writes an annotation of 200 kB on its Namespace, and 2,000 labels",
    steps: [
      tenant({ act: "label", at: 0, how: "long" }),
      tenant({ act: "label", at: 0, how: "many" }),
      tenant({ act: "label", at: 3, how: "many" }),
      rotate,
    ],
  },
  {
    what: "has ServiceAccounts with lists and names as long as they may be",
    steps: [
      tenant({ act: "accounts", at: 0, count: 20, references: 12, length: 100_000, record: "all" }),
      tenant({ act: "accounts", at: 3, count: 20, references: 2_000, length: 250, record: "broken" }),
      rotate,
    ],
  },
  {
    what: "forbids Secrets by a quota",
    steps: [tenant({ act: "quota", at: 0, on: true }), rotate, select("few less")],
  },
];

export const knownAttacks: readonly KnownAttack[] = [...theft, ...nuisance];
