// What a tenant may try, and what administrators do beside it: the vocabulary of the threat test.
import * as fc from "fast-check";

/** Of the tenant's namespaces: 0 and 1 are selected by `a`, 1 and 2 by `b`, 3 by nothing; `c` selects whoever has a label. */
export type Place = 0 | 1 | 2 | 3;
export const places: readonly Place[] = [0, 1, 2, 3];

export type CredentialName = "a" | "b" | "c";
export const credentialNames: readonly CredentialName[] = ["a", "b", "c"];

/** The names of pull Secrets that the install has rights for: the usual one, and one to rename it to. */
export const pullSecretNames = ["regcred", "regcred-b"] as const;
export type SecretName = (typeof pullSecretNames)[number] | "database";

/** A Secret as a tenant would forge it. */
export interface Forgery {
  readonly managedBy: "regcred" | "argocd" | undefined;
  /** Whom the annotation `regcred.dev/credentials` names; numbers: so many that do not exist. */
  readonly credentials: readonly CredentialName[] | "canary" | number;
  readonly entries: "kept" | "forged" | "long" | undefined;
  readonly managed: "everything" | "broken" | undefined;
  readonly config: "kept" | "made up" | "empty" | "garbage" | "large";
  readonly type: "kubernetes.io/dockerconfigjson" | "Opaque";
  readonly finalizer: boolean;
  readonly owner: boolean;
  readonly immutable: boolean;
  readonly adopt: boolean;
}

export type Value = string | number | boolean | null | readonly string[];

/** `beside`: what follows does not wait for its end. */
export type TenantStep =
  | { readonly act: "forge"; readonly at: Place; readonly name: SecretName; readonly forgery: Forgery }
  /** Remembers the Secret as it is, to put it back into this or another namespace. */
  | { readonly act: "keep"; readonly at: Place }
  | { readonly act: "put back"; readonly at: Place; readonly name: SecretName }
  | { readonly act: "remove"; readonly at: Place; readonly name: SecretName }
  | { readonly act: "strip"; readonly at: Place; readonly what: "labels" | "annotations" | "both" }
  /** Creates and deletes a forged member, again and again. */
  | { readonly act: "flap"; readonly at: Place; readonly of: CredentialName; readonly times: number }
  /** Forged members in so many namespaces at once, none of them selected. */
  | { readonly act: "spread"; readonly of: CredentialName; readonly namespaces: number }
  /** One Secret that names so many made-up credentials, changed again and again. */
  | { readonly act: "crowd"; readonly at: Place; readonly names: number; readonly times: number }
  | { readonly act: "finalizer"; readonly at: Place; readonly on: boolean }
  | {
      readonly act: "accounts";
      readonly at: Place;
      readonly count: number;
      readonly references: number;
      readonly length: number;
      readonly record: "all" | "broken" | undefined;
    }
  /** Puts the reference to the pull Secret back, with and without our record of it, so many times within some seconds. */
  | { readonly act: "refer"; readonly at: Place; readonly times: number }
  | { readonly act: "event"; readonly at: Place; readonly length: number }
  | {
      readonly act: "label";
      readonly at: Place;
      readonly how: "join" | "leave" | "opt out" | "opt in" | "many" | "long";
    }
  | { readonly act: "quota"; readonly at: Place; readonly on: boolean }
  /** Deletes the Namespace; forced: before it is empty. An administrator makes it again. */
  | { readonly act: "vacate"; readonly at: Place; readonly forced: boolean }
  | {
      readonly act: "field";
      readonly at: Place;
      readonly of: keyof typeof fields;
      readonly field: number;
      readonly value: Value;
    };

export type AdministratorStep =
  /** few: an honest removal. many: a mistake, which the removal guard holds. */
  | { readonly act: "select"; readonly which: "all" | "few less" | "many less" }
  /** Confirms what is held. */
  | { readonly act: "allow" }
  | { readonly act: "rotate"; readonly of: "a" | "b" }
  | { readonly act: "suspend"; readonly on: boolean }
  | { readonly act: "rename"; readonly to: (typeof pullSecretNames)[number] }
  /** Deletes `a` and makes it again. */
  | { readonly act: "replace" }
  | { readonly act: "restart"; readonly killed: boolean }
  | { readonly act: "wait" };

export type Step =
  | { readonly by: "tenant"; readonly beside: boolean; readonly does: TenantStep }
  | { readonly by: "administrator"; readonly does: AdministratorStep };

/** What can be set on each kind by a merge patch: paths, by points. */
export const fields = {
  secrets: [
    "metadata.labels.app\\.kubernetes\\.io/managed-by",
    "metadata.labels.any",
    "metadata.annotations.regcred\\.dev/credentials",
    "metadata.annotations.regcred\\.dev/entries",
    "metadata.annotations.regcred\\.dev/managed",
    "metadata.annotations.regcred\\.dev/adopt",
    "metadata.annotations.any",
    "metadata.finalizers",
    "metadata.ownerReferences",
    "stringData.\\.dockerconfigjson",
    "stringData.any",
    "immutable",
    "type",
  ],
  serviceaccounts: [
    "metadata.labels.any",
    "metadata.annotations.regcred\\.dev/references",
    "metadata.annotations.regcred\\.dev/ignore",
    "metadata.annotations.eks\\.amazonaws\\.com/role-arn",
    "metadata.finalizers",
    "imagePullSecrets",
    "secrets",
    "automountServiceAccountToken",
  ],
  namespaces: [
    "metadata.labels.any",
    "metadata.labels.threat",
    "metadata.annotations.regcred\\.dev/ignore",
    "metadata.annotations.any",
    "metadata.finalizers",
    "spec.finalizers",
  ],
} as const;

const place = fc.constantFrom(...places);
const secretName = fc.constantFrom<SecretName>("regcred", "regcred", "regcred", "regcred-b", "database");
const someCredentials = fc.subarray([...credentialNames], { minLength: 1 });
const credential = fc.constantFrom<CredentialName>("a", "a", "b", "c");

const forgery: fc.Arbitrary<Forgery> = fc.record({
  managedBy: fc.constantFrom("regcred", "regcred", "argocd", undefined),
  credentials: fc.oneof(
    { weight: 5, arbitrary: someCredentials },
    fc.constant("canary" as const),
    fc.constantFrom(0, 1, 300),
  ),
  entries: fc.constantFrom("kept", "forged", "long", undefined),
  managed: fc.constantFrom("everything", "broken", undefined),
  config: fc.constantFrom("kept", "made up", "empty", "garbage", "large"),
  type: fc.constantFrom("kubernetes.io/dockerconfigjson", "kubernetes.io/dockerconfigjson", "Opaque"),
  finalizer: fc.boolean(),
  owner: fc.constantFrom(false, false, true),
  immutable: fc.constantFrom(false, false, true),
  adopt: fc.constantFrom(false, false, true),
});

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom("regcred", "true", "", "a", "constructor", "__proto__", "[]", "{}", "null"),
  fc.constantFrom("\u001B[2J\u202Emoc", "\u212A", "x".repeat(63), "y".repeat(100_000)),
  fc.string(),
  fc.constantFrom(null, true, 1),
  fc.array(fc.constantFrom("regcred", "threat.example.com/kept", "foregroundDeletion", "orphan"), { maxLength: 3 }),
);

const field = fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])).chain((of) =>
  fc.record({
    act: fc.constant("field" as const),
    at: place,
    of: fc.constant(of),
    field: fc.nat(fields[of].length - 1),
    value,
  }),
);

/** Weights: what has cost most, when it was a fault, comes most. */
const tenantStep: fc.Arbitrary<TenantStep> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant("forge" as const), at: place, name: secretName, forgery }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("keep" as const), at: place }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("put back" as const), at: place, name: secretName }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("remove" as const), at: place, name: secretName }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant("strip" as const),
      at: place,
      what: fc.constantFrom("labels", "annotations", "both"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("flap" as const),
      at: place,
      of: credential,
      times: fc.constantFrom(3, 13, 25),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("spread" as const), of: credential, namespaces: fc.constantFrom(3, 13) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant("crowd" as const),
      at: place,
      names: fc.constantFrom(100, 1_000, 4_000),
      times: fc.constantFrom(5, 40),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("finalizer" as const), at: place, on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("accounts" as const),
      at: place,
      count: fc.constantFrom(1, 20),
      references: fc.constantFrom(1, 20, 2_000),
      length: fc.constantFrom(1, 60, 250, 100_000),
      record: fc.constantFrom("all", "broken", undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("refer" as const), at: place, times: fc.constantFrom(5, 50) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("event" as const), at: place, length: fc.constantFrom(10, 1_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("label" as const),
      at: place,
      how: fc.constantFrom("join", "join", "leave", "opt out", "opt in", "many", "long"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("quota" as const), at: place, on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("vacate" as const), at: place, forced: fc.boolean() }),
  },
  { weight: 4, arbitrary: field },
);

const administratorStep: fc.Arbitrary<AdministratorStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant("select" as const),
      which: fc.constantFrom("all", "few less", "many less", "many less"),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ act: "allow" as const }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("rotate" as const), of: fc.constantFrom("a", "a", "b") }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("suspend" as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant("rename" as const), to: fc.constantFrom(...pullSecretNames) }),
  },
  { weight: 1, arbitrary: fc.constant({ act: "replace" as const }) },
  { weight: 1, arbitrary: fc.constant({ act: "wait" as const }) },
);
const restart = fc.record({ act: fc.constant("restart" as const), killed: fc.boolean() });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      by: fc.constant("tenant" as const),
      beside: fc.constantFrom(false, false, true),
      does: tenantStep,
    }),
  },
  { weight: 8, arbitrary: fc.record({ by: fc.constant("administrator" as const), does: administratorStep }) },
  { weight: 1, arbitrary: fc.record({ by: fc.constant("administrator" as const), does: restart }) },
);

/** In the order in which they begin. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 4, maxLength: 16, size: "max" });
