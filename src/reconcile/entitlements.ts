// Which credentials does a namespace get under which Secret name, and which would it lose?
import { allowRemovalAnnotation, finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Clock } from "../clock.ts";
import { brake, brakeWindow, type Held } from "../plan/brake.ts";
import { type Retired, retiredNames } from "../plan/retirement.ts";
import { selectsNamespace } from "../plan/selection.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../plan/snapshot.ts";
import type { Store } from "../watch/store.ts";

/** A credential that names a Secret name in use, judged for one namespace. */
export interface Participant {
  readonly name: string;
  readonly credential: RegistryCredential;
  /** current: the name it writes now. retiring: a former name that it keeps fresh for a while. former: no longer its name. */
  readonly role: "current" | "retiring" | "former";
  /** Selected, or held by the brake; false for a credential that is being deleted. */
  readonly entitled: boolean;
  readonly deleting: boolean;
  /**
   * Finalizer and Secret name are stored with it, so that all of it is found again, and so is whose it is: nothing is written
   * to a tenant before.
   */
  readonly confirmed: boolean;
}

export interface Entitlements {
  /** Every credential that has to do with this Secret name, oldest first. */
  participants(namespace: NamespaceRecord, secretName: string): readonly Participant[];
  /** Secret names that credentials write or have written: each has a watch. Oldest credential first. */
  names(): readonly string[];
  namesOf(credentialName: string): readonly Retired[];
  /** Credentials whose spec cannot be read and never could. */
  unreadable(credentialName: string): boolean;
  exists(credentialName: string): boolean;
  readable(credentialName: string): RegistryCredential | undefined;
  held(credentialName: string): Held | undefined;
  /** Selected, or held by the brake. */
  entitled(credential: RegistryCredential, namespace: NamespaceRecord): boolean;
  /** Namespaces in which a Secret lists the credential. */
  servedBy(credentialName: string): ReadonlySet<string>;
  /** Nothing of it is left, and its finalizer has gone: what still turns up of it was written late, and goes too. */
  drained(credential: RegistryCredential): void;
}

export interface EntitlementsOptions {
  readonly clock: Clock;
  readonly operatorNamespace: string;
  readonly credentials: Store<CredentialRecord>;
  readonly namespaces: Store<NamespaceRecord>;
  readonly pullSecrets: Store<SecretRecord>;
}

// Longer than TCP tries to bring a request to a server that was away: https://docs.kernel.org/networking/ip-sysctl.html, tcp_retries2
const drainedMemory = Temporal.Duration.from({ minutes: 20 });

/** Kept up to date by the stores' own changes, so that one namespace's question costs a few comparisons. */
export function entitlements(options: EntitlementsOptions): Entitlements {
  const { clock, operatorNamespace, credentials, namespaces, pullSecrets } = options;
  // A spec that cannot be read any more goes on as it was last read.
  const readable = new Map<string, RegistryCredential>();
  let byAge: readonly RegistryCredential[] | undefined;
  // By credential and Secret name: the namespaces whose Secret lists the credential.
  const served = new Map<string, Map<string, Set<string>>>();
  const leaving = new Map<string, Set<string>>();
  const removedAt = new Map<string, number[]>();
  const drained = new Map<string, { readonly credential: RegistryCredential; readonly until: number }>();

  const selected = (credential: RegistryCredential, namespace: NamespaceRecord): boolean =>
    selectsNamespace(credential.spec.namespaces, namespace, operatorNamespace);

  const servedIn = (name: string, namespace: string): boolean =>
    [...(served.get(name)?.values() ?? [])].some((inNamespaces) => inNamespaces.has(namespace));
  const servedBy = (name: string): ReadonlySet<string> =>
    new Set([...(served.get(name)?.values() ?? [])].flatMap((inNamespaces) => [...inNamespaces]));

  /** Brings `leaving` up to date for one credential in one namespace. */
  const judge = (name: string, namespaceName: string): void => {
    const credential = readable.get(name);
    const namespace = namespaces.get(namespaceName);
    const isServed = servedIn(name, namespaceName);
    const goes =
      isServed &&
      credential !== undefined &&
      credential.deletionTimestamp === undefined &&
      namespace !== undefined &&
      !namespace.terminating &&
      !selected(credential, namespace);
    const set = leaving.get(name) ?? new Set<string>();
    const was = set.has(namespaceName);
    if (goes) set.add(namespaceName);
    else set.delete(namespaceName);
    leaving.set(name, set);
    // It left, was not chosen again, and lives on: a removal that the window counts.
    if (was && !isServed && credential && namespace && !selected(credential, namespace)) {
      removedAt.set(name, [...(removedAt.get(name) ?? []), clock.elapsed()]);
    }
  };

  const list = (name: string, { name: secretName, namespace }: SecretRecord): void => {
    const bySecret = served.get(name) ?? new Map<string, Set<string>>();
    served.set(name, bySecret.set(secretName, (bySecret.get(secretName) ?? new Set()).add(namespace)));
  };
  const unlist = (name: string, { name: secretName, namespace }: SecretRecord): void => {
    served.get(name)?.get(secretName)?.delete(namespace);
  };
  /** A name that no credential has any more is watched no longer, so that nothing more will be heard of its Secrets. */
  const forgetUnwatched = (): void => {
    const watched = new Set(names());
    for (const bySecret of served.values()) {
      for (const secretName of bySecret.keys()) if (!watched.has(secretName)) bySecret.delete(secretName);
    }
  };

  /** Credentials that are gone, and of which a paused or cut off leader may still write a Secret. */
  const lately = (): readonly RegistryCredential[] => {
    for (const [name, { until }] of drained) if (clock.elapsed() >= until) drained.delete(name);
    return [...drained.values()].flatMap(({ credential }) => (readable.has(credential.name) ? [] : [credential]));
  };

  credentials.subscribe(({ key, after }) => {
    byAge = undefined;
    if (!after) {
      readable.delete(key);
      leaving.delete(key);
      removedAt.delete(key);
      forgetUnwatched();
      return;
    }
    const credential = after.credential ?? asLastRead(readable.get(key), after, clock.now());
    if (!credential) return;
    readable.set(key, credential);
    forgetUnwatched();
    for (const namespace of servedBy(key)) judge(key, namespace);
  });
  namespaces.subscribe(({ key }) => {
    for (const name of served.keys()) if (servedIn(name, key)) judge(name, key);
  });
  pullSecrets.subscribe(({ before, after }) => {
    if (before?.credentials === after?.credentials) return;
    if (before) for (const name of before.credentials) unlist(name, before);
    if (after) for (const name of after.credentials) list(name, after);
    const record = after ?? before;
    if (!record) return;
    for (const name of new Set([...(before?.credentials ?? []), ...(after?.credentials ?? [])])) {
      judge(name, record.namespace);
    }
  });

  const ordered = (): readonly RegistryCredential[] =>
    (byAge ??= [...readable.values()].toSorted(
      (a, b) => Temporal.Instant.compare(a.creationTimestamp, b.creationTimestamp) || (a.name < b.name ? -1 : 1),
    ));

  const held = (name: string): Held | undefined => {
    const credential = readable.get(name);
    const goes = leaving.get(name);
    if (!credential || !goes || goes.size === 0 || credential.deletionTimestamp) return undefined;
    const window = brakeWindow.total("milliseconds");
    const lately = (removedAt.get(name) ?? []).filter((at) => clock.elapsed() - at < window);
    removedAt.set(name, lately);
    return brake({
      name,
      generation: credential.generation,
      served: servedBy(name).size,
      leaving: [...goes],
      removedLately: lately.length,
      allowed: credential.annotations[allowRemovalAnnotation],
    });
  };

  const entitled = (credential: RegistryCredential, namespace: NamespaceRecord): boolean => {
    if (credential.deletionTimestamp) return false;
    if (selected(credential, namespace)) return true;
    return leaving.get(credential.name)?.has(namespace.name) === true && held(credential.name) !== undefined;
  };

  const namesOf = (name: string): readonly Retired[] => {
    const credential = readable.get(name);
    return credential ? retiredNames(credential, clock.now()) : [];
  };

  const names = (): readonly string[] => [
    ...new Set(
      [...ordered(), ...lately()].flatMap((credential) => [
        credential.spec.pullSecret.name,
        ...namesOf(credential.name).map(({ secretName }) => secretName),
      ]),
    ),
  ];

  return {
    participants: (namespace, secretName) =>
      [...ordered(), ...lately()].flatMap((credential): Participant[] => {
        const former = retiredNames(credential, clock.now()).find((retired) => retired.secretName === secretName);
        const current = credential.spec.pullSecret.name === secretName;
        if (!current && !former) return [];
        return [
          {
            name: credential.name,
            credential,
            role: current ? "current" : former?.over === false ? "retiring" : "former",
            entitled: entitled(credential, namespace),
            deleting: credential.deletionTimestamp !== undefined,
            // A former name is one that the status holds.
            confirmed:
              credential.finalizers.includes(finalizer) &&
              (!current || credential.status?.secretName === secretName) &&
              // An older CRD has no field for it.
              (credential.status?.operatorNamespace ?? operatorNamespace) === operatorNamespace,
          },
        ];
      }),
    names,
    namesOf,
    unreadable: (name) => credentials.get(name) !== undefined && !readable.has(name),
    exists: (name) => credentials.get(name) !== undefined,
    readable: (name) => readable.get(name),
    held,
    entitled,
    servedBy,
    drained: (credential) => {
      drained.set(credential.name, { credential, until: clock.elapsed() + drainedMemory.total("milliseconds") });
    },
  };
}

/** The spec as it was last read, with what the object says of itself now. */
function asLastRead(
  before: RegistryCredential | undefined,
  { resourceVersion, finalizers, annotations, deleting, uid }: CredentialRecord,
  now: Temporal.Instant,
): RegistryCredential | undefined {
  if (before?.uid !== uid) return undefined;
  const deletionTimestamp = deleting ? (before.deletionTimestamp ?? now) : undefined;
  return { ...before, resourceVersion, finalizers, annotations, ...(deletionTimestamp && { deletionTimestamp }) };
}
