// Plans what must change in the imagePullSecrets of one ServiceAccount.
import type { ServiceAccountRecord } from "../../cluster/records.ts";

/** What is known of a Secret name in the ServiceAccount's namespace. */
export interface ReferableSecret {
  readonly name: string;
  /** A credential that writes references wants this name here, for this ServiceAccount. */
  readonly wanted: boolean;
  /** The Secret is there and may be referred to: a Secret comes before its reference. */
  readonly usable: boolean;
  /** The Secret is ours and about to be deleted: every reference to it goes first. */
  readonly leaving: boolean;
  /** A Secret of that name exists and is not ours. */
  readonly foreign: boolean;
  /** Some credential is to serve the namespace under this name, whether or not it wants a reference here. */
  readonly served: boolean;
  /** It is about to be the tenant's own, and all about it stays. */
  readonly retained: boolean;
  /** A credential of which nothing can be decided for the moment may have wanted it here: references that are there stay. */
  readonly frozen: boolean;
}

export interface ReferencesSnapshot {
  readonly serviceAccount: ServiceAccountRecord;
  /** The whole list, where the record does not hold it. */
  readonly references: readonly string[] | undefined;
  /** Every pull Secret name with which somebody has to do there, or that the account has on record and is in use. Oldest credential first. */
  readonly secrets: readonly ReferableSecret[];
  /** Names that credentials want beside theirs; these Secrets are the tenant's. */
  readonly extras: readonly string[];
  /** Names that a credential wanted so before, or one that is being deleted still names. */
  readonly formerExtras: ReadonlySet<string>;
  /** Names, in none of the lists above, that are not known well enough yet, or suspended: all about them stays as it is. */
  readonly unjudged: ReadonlySet<string>;
}

export type ReferencesPlan =
  | { readonly kind: "none" }
  | { readonly kind: "read" }
  /** Nothing of it is to change, but who owns its fields: somebody applies it, and would be refused. */
  | { readonly kind: "giveUp" }
  | {
      readonly kind: "patch";
      /** The whole new list: the API server cannot merge this one. */
      readonly references: readonly string[];
      /** New value of our annotation; null takes it off. */
      readonly record: string | null;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    };

/**
 * Order is kept and foreign entries stay. The record on the ServiceAccount is only a hint, because tenants can edit it:
 * it takes away nothing but names that this operator deals in, and none behind which a foreign Secret stands.
 */
export function planReferences(snapshot: ReferencesSnapshot): ReferencesPlan {
  const { serviceAccount, unjudged } = snapshot;
  if (serviceAccount.terminating) return { kind: "none" };
  const current = snapshot.references ?? serviceAccount.references;
  if (!current) return { kind: "read" };
  const recorded = recordedReferences(serviceAccount.record);
  const bySecret = new Map(snapshot.secrets.map((secret) => [secret.name, secret]));
  const extras = new Set(snapshot.extras);

  const goes = (name: string): boolean => {
    if (unjudged.has(name)) return false;
    const secret = bySecret.get(name);
    if (secret) {
      if (secret.leaving) return true;
      if (secret.wanted || extras.has(name) || !recorded.has(name) || secret.retained || secret.frozen) return false;
      // What a RegistryCredential referred to beside its own name was the tenant's all along.
      return !secret.foreign || snapshot.formerExtras.has(name);
    }
    return !extras.has(name) && recorded.has(name) && snapshot.formerExtras.has(name);
  };
  const present = new Set(current);
  const removed = [...present].filter(goes);
  const added = [
    ...snapshot.secrets.filter(({ wanted, usable, leaving }) => wanted && usable && !leaving).map(({ name }) => name),
    ...snapshot.extras.filter((name) => bySecret.get(name)?.leaving !== true),
  ].filter((name, index, names) => !present.has(name) && names.indexOf(name) === index);

  const references = [...current.filter((name) => !removed.includes(name)), ...added];
  const claims = (name: string): boolean => {
    const secret = bySecret.get(name);
    if (added.includes(name)) return true;
    if (!recorded.has(name)) return false;
    // Of a name that nobody deals in it is not known that it was taken back: who was gone without a drain may come again.
    if (!secret) return extras.has(name) || !snapshot.formerExtras.has(name);
    // It is not ours for now, and who has referred to it is known when it is again.
    const comesBack = secret.foreign && secret.served && !secret.retained;
    return extras.has(name) || secret.wanted || secret.frozen || comesBack;
  };
  const record = [
    ...references.filter((name) => !unjudged.has(name) && claims(name)),
    ...[...recorded].filter((name) => unjudged.has(name)),
  ];
  const stale = [...recorded].some((name) => !record.includes(name));
  if (added.length === 0 && removed.length === 0 && !stale) {
    // Whoever is suspended writes nothing, and what is not known is left as it is.
    const isDue = serviceAccount.othersApply === "hindered" && unjudged.size === 0;
    return isDue ? { kind: "giveUp" } : { kind: "none" };
  }
  return {
    kind: "patch",
    references,
    record: record.length > 0 ? JSON.stringify(record) : null,
    added,
    removed,
  };
}

/** What the annotation claims; anything unreadable claims nothing. */
export function recordedReferences(annotation: string | undefined): ReadonlySet<string> {
  if (annotation === undefined) return new Set();
  try {
    const names: unknown = JSON.parse(annotation);
    return new Set(Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : []);
  } catch {
    return new Set();
  }
}
