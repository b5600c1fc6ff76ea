// The snapshot that the decision about one pull Secret sees, and the plan that it answers.
import type { Wanted } from "../../content/frozen.ts";
import type { LiveSecret, PlannedSecret } from "../../cluster/pull-secret-object.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { FieldsEntry } from "../../cluster/managed-fields.ts";
import type { Content } from "../../content/content.ts";
import type { EntryHost } from "../../cluster/entries-annotation.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";

/** Of `spec.pullSecret`. */
export interface PullSecretOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly onConflict: "Fail" | "Merge" | "Adopt";
}

/** Where no RegistryCredential says anything. */
export const noOptions: PullSecretOptions = { labels: {}, annotations: {}, onConflict: "Fail" };

export interface PullSecretSnapshot extends Wanted {
  readonly namespace: NamespaceRecord;
  readonly name: string;
  /** Of the oldest contributing credential. */
  readonly options: PullSecretOptions;
  readonly record: SecretRecord | undefined;
  /** Given on a second round, when the first one asked to read. */
  readonly live: LiveSecret | undefined;
  /** It was asked for, and is larger than anything that is read: see `src/cluster/object-limits.ts`. */
  readonly tooLarge?: boolean;
  /** This run of the operator has made the object with this uid its own, or has seen our marks on it. */
  readonly knownAsOurs: boolean;
  /** What a look at the whole object found, if this version of it was right; it need not be read again. */
  readonly settled: PullSecretPlan | undefined;
  /** ServiceAccounts that still refer to the Secret and will cease to. */
  readonly referencesLeft: number;
  /** Every credential that leaves wants the Secret retained. */
  readonly retain: boolean;
  /** Credentials that stay: what the Secret was given for them, and they want no more, is nobody's to retain. Default: none. */
  readonly staying?: readonly string[];
  /** The name belongs to a source or token Secret. */
  readonly reserved: boolean;
  readonly maxBytes: number;
}

const none: PullSecretAction = { kind: "none" };
const nothingLeft: Readonly<Record<SecretState, PullSecretPlan>> = {
  usable: { action: none, state: "usable" },
  leaving: { action: none, state: "leaving" },
  foreign: { action: none, state: "foreign" },
  absent: { action: none, state: "absent" },
};

/** The plan when what it says is done. One that says no more than the state is the same for every Secret. */
export function asDone(plan: PullSecretPlan): PullSecretPlan {
  const { action: _done, state, ...others } = plan;
  return Object.values(others).every((each) => each === undefined) ? nothingLeft[state] : { ...plan, action: none };
}

/** Reads the whole object, unless a look at this version has found what stays so. References that go are no part of it. */
export function lookAt({ settled }: PullSecretSnapshot, state: SecretState): PullSecretPlan {
  return settled && settled.state !== "leaving" ? settled : { action: { kind: "read" }, state };
}

export type PullSecretAction =
  | { readonly kind: "none" }
  /** Read the whole object and decide again. */
  | { readonly kind: "read" }
  | { readonly kind: "create"; readonly body: PlannedSecret }
  /** `othersFields`: to be put back in a request of its own, so that nobody who applies it is refused. */
  | { readonly kind: "replace"; readonly body: PlannedSecret; readonly othersFields?: readonly FieldsEntry[] }
  /** Nothing of it is to change, but who owns its fields. */
  | { readonly kind: "giveUp"; readonly body: PlannedSecret; readonly othersFields: readonly FieldsEntry[] }
  /**
   * `type` and `immutable` cannot be changed in place.
   * takesBack: something of what stands there has to go, whether or not the new one is let in.
   */
  | { readonly kind: "recreate"; readonly body: PlannedSecret; readonly takesBack: boolean }
  | { readonly kind: "delete" };

/** usable: may be referred to. leaving: ours, about to go. foreign: somebody else's. absent: there is none to refer to. */
export type SecretState = "usable" | "leaving" | "foreign" | "absent";

export interface PullSecretPlan {
  readonly action: PullSecretAction;
  /** How the references see the Secret once the action is taken. */
  readonly state: SecretState;
  /** Why the namespace is not served as wanted, beyond what the content says of its own entries. */
  readonly failure?: Failure;
  /** The entries that the failure is about; undefined: all that contribute. */
  readonly missing?: readonly Pick<EntryHost, "credential" | "entry">[];
  /** Of the content what this Secret may have, where it is not all. */
  readonly decided?: Pick<Content, "served" | "shadowed">;
  /** When a login that stays without a token ends by its own record. */
  readonly keptUntil?: Temporal.Instant;
}
