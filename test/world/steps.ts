// What may happen in the world of the failure test: its vocabulary, and how histories are invented.
import * as fc from "fast-check";
import { type Blindness, type How, passingHows, refusingHows } from "./faults.ts";
import { type CloudMood, cloudMoods } from "./played-cloud.ts";
import {
  type AccountName,
  accounts,
  type CredentialName,
  credentials,
  type Host,
  hosts,
  type NamespaceName,
  namespaces,
  type SecretName,
  type SourceName,
  sources,
  type Team,
  teams,
} from "./words.ts";

export interface EntryChoice {
  readonly name: "e1" | "e2";
  /** cloud: tokens that end. */
  readonly from: SourceName | "src-none" | "src-team" | "cloud";
  /** Of the cloud; account: as the ServiceAccount says. */
  readonly role: "r1" | "r2" | "team" | "account";
  readonly identity: "Operator" | "ServiceAccount" | "TenantServiceAccount";
  readonly hosts: readonly Host[];
}

export interface SpecChoice {
  readonly selects: "all" | "a" | "b" | "a-1" | "team x" | "not a-1";
  readonly entries: readonly EntryChoice[];
  readonly secretName: SecretName;
  readonly onConflict: "Fail" | "Merge";
  readonly references: "ServiceAccounts" | "None";
  readonly excludesApp: boolean;
  readonly deletionPolicy: "Delete" | "Retain";
  readonly suspend: boolean;
}

/** One field of a spec, altered. */
export type Alteration = {
  readonly [K in keyof SpecChoice]: { readonly field: K; readonly to: SpecChoice[K] };
}[keyof SpecChoice];

export type Does =
  | { readonly act: "create credential"; readonly name: CredentialName; readonly spec: SpecChoice }
  | { readonly act: "alter credential"; readonly name: CredentialName; readonly alteration: Alteration }
  /** forced: regcred is told to give up on it. stripped: somebody takes its finalizer off. */
  | {
      readonly act: "delete credential";
      readonly name: CredentialName;
      readonly how: "drained" | "forced" | "stripped";
    }
  /** A spec that this release cannot read, as after a rollback; or one that it can again. */
  | { readonly act: "garble credential"; readonly name: CredentialName; readonly on: boolean }
  | { readonly act: "create namespace"; readonly name: NamespaceName; readonly team: Team | undefined }
  | { readonly act: "label namespace"; readonly name: NamespaceName; readonly team: Team | undefined }
  | { readonly act: "opt out"; readonly name: NamespaceName; readonly on: boolean }
  | { readonly act: "delete namespace"; readonly name: NamespaceName }
  | { readonly act: "create account"; readonly at: NamespaceName; readonly name: AccountName }
  | { readonly act: "delete account"; readonly at: NamespaceName; readonly name: AccountName }
  | {
      readonly act: "annotate account";
      readonly at: NamespaceName;
      readonly name: AccountName;
      readonly role: "r1" | "r2";
    }
  /** The operator's own. */
  | { readonly act: "puller"; readonly does: "create" | "delete" | "other role" }
  | { readonly act: "source"; readonly name: SourceName; readonly does: "put" | "delete" }
  | {
      readonly act: "tenant";
      readonly at: NamespaceName;
      readonly secret: SecretName;
      readonly does: "delete" | "strip label" | "strip marks" | "edit" | "own" | "own with more" | "foreign label";
    }
  | {
      readonly act: "tenant refers";
      readonly at: NamespaceName;
      readonly account: AccountName;
      readonly does: "clear" | "add foreign" | "drop record" | "claim all";
    }
  | {
      readonly act: "fault";
      readonly how: How;
      readonly on:
        | { readonly kind: "secrets"; readonly namespace: NamespaceName }
        | { readonly kind: "accounts"; readonly namespace: NamespaceName }
        | { readonly kind: "credential" | "status"; readonly name: CredentialName }
        | { readonly kind: "tokens" | "events" };
      /** What is read of single objects fails, too. */
      readonly reads?: boolean;
    }
  | {
      readonly act: "lists";
      readonly how: Blindness;
      readonly of: "secrets" | "namespaces" | "accounts" | "credentials";
    }
  /** All of the faults are over. */
  | { readonly act: "mend" }
  | { readonly act: "cloud"; readonly mood: CloudMood; readonly life: "short" | "long" }
  /** At once, or at the so-manieth request from now on, that the server has or has not. */
  | { readonly act: "restart"; readonly after: number; readonly sent: boolean }
  /** Another replica, that has stood by, takes over from one that is killed. */
  | { readonly act: "hand over" }
  | { readonly act: "move install" };

export interface Step {
  readonly does: Does;
  /** What passes after it, in milliseconds; what follows comes then. */
  readonly pause: number;
}

const entry = (name: "e1" | "e2"): fc.Arbitrary<EntryChoice> =>
  fc.record({
    name: fc.constant(name),
    from: fc.constantFrom<EntryChoice["from"]>("src-1", "cloud", "src-2", "src-team", "cloud", "src-none"),
    role: fc.constantFrom<EntryChoice["role"]>("r1", "r2", "team", "account"),
    identity: fc.constantFrom<EntryChoice["identity"]>("Operator", "ServiceAccount", "TenantServiceAccount"),
    hosts: fc.subarray([...hosts], { minLength: 1, maxLength: 2 }),
  });
const entries = fc.oneof(
  fc.tuple(entry("e1")),
  fc.tuple(entry("e1"), entry("e2")),
  fc.tuple(entry("e2")),
) as fc.Arbitrary<readonly EntryChoice[]>;

const parts: { readonly [K in keyof SpecChoice]: fc.Arbitrary<SpecChoice[K]> } = {
  selects: fc.constantFrom<SpecChoice["selects"]>("all", "a", "b", "a-1", "team x", "not a-1"),
  entries,
  secretName: fc.constantFrom<SecretName>("regcred", "regcred", "regcred-b"),
  onConflict: fc.constantFrom<SpecChoice["onConflict"]>("Fail", "Merge"),
  references: fc.constantFrom<SpecChoice["references"]>("ServiceAccounts", "ServiceAccounts", "None"),
  excludesApp: fc.constantFrom(false, false, true),
  deletionPolicy: fc.constantFrom<SpecChoice["deletionPolicy"]>("Delete", "Delete", "Retain"),
  suspend: fc.constantFrom(false, false, false, true),
};
const spec: fc.Arbitrary<SpecChoice> = fc.record(parts);
const alteration: fc.Arbitrary<Alteration> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ field: fc.constant("entries" as const), to: parts.entries }) },
  { weight: 4, arbitrary: fc.record({ field: fc.constant("selects" as const), to: parts.selects }) },
  { weight: 2, arbitrary: fc.record({ field: fc.constant("secretName" as const), to: parts.secretName }) },
  { weight: 1, arbitrary: fc.record({ field: fc.constant("onConflict" as const), to: parts.onConflict }) },
  { weight: 1, arbitrary: fc.record({ field: fc.constant("references" as const), to: parts.references }) },
  { weight: 1, arbitrary: fc.record({ field: fc.constant("excludesApp" as const), to: parts.excludesApp }) },
  { weight: 1, arbitrary: fc.record({ field: fc.constant("deletionPolicy" as const), to: parts.deletionPolicy }) },
  { weight: 1, arbitrary: fc.record({ field: fc.constant("suspend" as const), to: parts.suspend }) },
);

const act = <A extends Does["act"]>(name: A): fc.Arbitrary<A> => fc.constant(name);
const credential = fc.constantFrom(...credentials);
const namespace = fc.constantFrom(...namespaces);
const secret = fc.constantFrom<SecretName>("regcred", "regcred", "regcred", "regcred-b");
const account = fc.constantFrom(...accounts);
const source = fc.constantFrom(...sources);
const team = fc.constantFrom<Team | undefined>(...teams, undefined);

const faultPlace: fc.Arbitrary<Extract<Does, { act: "fault" }>["on"]> = fc.oneof(
  fc.record({ kind: fc.constant("secrets" as const), namespace }),
  fc.record({ kind: fc.constant("accounts" as const), namespace }),
  fc.record({ kind: fc.constantFrom("credential" as const, "status" as const), name: credential }),
  fc.record({ kind: fc.constantFrom("tokens" as const, "events" as const) }),
);

const does: fc.Arbitrary<Does> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: act("create credential"), name: credential, spec }) },
  { weight: 8, arbitrary: fc.record({ act: act("alter credential"), name: credential, alteration }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: act("delete credential"),
      name: credential,
      how: fc.constantFrom("drained" as const, "drained" as const, "forced" as const, "stripped" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: act("garble credential"), name: credential, on: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ act: act("create namespace"), name: namespace, team }) },
  { weight: 3, arbitrary: fc.record({ act: act("label namespace"), name: namespace, team }) },
  { weight: 1, arbitrary: fc.record({ act: act("opt out"), name: namespace, on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: act("delete namespace"), name: namespace }) },
  { weight: 1, arbitrary: fc.record({ act: act("create account"), at: namespace, name: account }) },
  { weight: 2, arbitrary: fc.record({ act: act("delete account"), at: namespace, name: account }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: act("annotate account"),
      at: namespace,
      name: account,
      role: fc.constantFrom("r1" as const, "r2" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: act("puller"),
      does: fc.constantFrom("create" as const, "delete" as const, "other role" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: act("source"),
      name: source,
      does: fc.constantFrom("put" as const, "delete" as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: act("tenant"),
      at: namespace,
      secret,
      does: fc.constantFrom(
        "delete" as const,
        "strip label" as const,
        "strip marks" as const,
        "edit" as const,
        "own" as const,
        "own with more" as const,
        "foreign label" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: act("tenant refers"),
      at: namespace,
      account,
      does: fc.constantFrom("clear" as const, "add foreign" as const, "drop record" as const, "claim all" as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: act("fault"),
      how: fc.constantFrom(...refusingHows, ...passingHows),
      on: faultPlace,
      reads: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: act("lists"),
      how: fc.constantFrom<Blindness>("hidden", "down", "deaf", "expired"),
      of: fc.constantFrom("secrets" as const, "namespaces" as const, "accounts" as const, "credentials" as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ act: act("mend") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: act("cloud"),
      mood: fc.constantFrom(...cloudMoods),
      life: fc.constantFrom("short" as const, "long" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: act("restart"), after: fc.constantFrom(0, 0, 1, 2, 3, 5, 9), sent: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ act: act("hand over") }) },
  { weight: 1, arbitrary: fc.record({ act: act("move install") }) },
);

/** Most steps come soon after one another; tokens of ten minutes end in twelve, former names in 65, tokens of twelve hours in 13. */
const pauses = fc.oneof(
  { weight: 120, arbitrary: fc.constantFrom(5_000, 0, 50, 2_000, 5_000, 30_000) },
  { weight: 20, arbitrary: fc.constant(12 * 60_000) },
  { weight: 5, arbitrary: fc.constant(65 * 60_000) },
  { weight: 1, arbitrary: fc.constant(13 * 3_600_000) },
);
const step: fc.Arbitrary<Step> = fc.record({ does, pause: pauses });

const maxSteps = 30;

/** In the order in which they begin. */
export const histories: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 1,
  maxLength: maxSteps,
  size: "max",
});
