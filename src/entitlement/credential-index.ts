// Which credentials does a namespace get under which Secret name, and which would it lose?
import { allowRemovalAnnotation, finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Held, RemovalCause } from "./removal-limit.ts";
import { goneBy, type KnownAbsent } from "../runtime/watch/presence.ts";
import { type Retired, retiredNames } from "./rename-grace.ts";
import { selectionObstacle, selectsNamespace } from "./selection.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../cluster/records.ts";
import type { Store } from "../runtime/watch/store.ts";
import { asLastRead } from "./last-good-spec.ts";
import { inSlices } from "../runtime/in-slices.ts";
import { markedSecrets } from "./marked-secrets.ts";
import type { Members } from "./members.ts";
import { removals, toldAsHeld } from "./removal-guard.ts";
import { retained } from "./retained.ts";

/** A credential that names a Secret name in use, judged for one namespace. */
export interface Contributor {
  readonly name: string;
  readonly credential: RegistryCredential;
  /** current: the name it writes now. retiring: a former name that it keeps fresh for a while. former: no longer its name. */
  readonly role: "current" | "retiring" | "former";
  /** Selected, or held by the brake; false for a credential that is being deleted. */
  readonly entitled: boolean;
  /** Entitled by the brake alone: it keeps what it has, and is given nothing. */
  readonly held: boolean;
  readonly deleting: boolean;
  /** Deleted with deletionPolicy Retain, and has served this namespace. */
  readonly retains: boolean;
  /**
   * Finalizer and Secret name are stored with it, so that all of it is found again, and so is whose it is: nothing is written
   * to a tenant before.
   */
  readonly confirmed: boolean;
}

export interface CredentialIndex {
  /** Every credential that has to do with this Secret name, oldest first. */
  contributors(namespace: NamespaceRecord, secretName: string): readonly Contributor[];
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
  /**
   * Namespaces in which something of the credential may be left: its members, and those in which a Secret lists it. Tenants
   * can write the latter, so it says where to look for what may have to go, and nothing about who may have a login.
   */
  mayHold(credentialName: string): ReadonlySet<string>;
  /** Nothing of it is left, and its finalizer has gone: what still turns up of it was written late, and goes too. */
  drained(credential: RegistryCredential): void;
  /** Milliseconds for which that is still expected; undefined: no more. To be asked again then. */
  drainedFor(credentialName: string): number | undefined;
  /** Calls `listener` whenever `names` are others than before, after that. */
  onNames(listener: () => void): void;
}

export interface CredentialIndexOptions {
  readonly clock: Clock;
  readonly operatorNamespace: string;
  readonly members: Members;
  readonly credentials: Store<CredentialRecord>;
  readonly namespaces: Store<NamespaceRecord>;
  readonly pullSecrets: Store<SecretRecord>;
}

// Longer than TCP tries to bring a request to a server that was away: https://docs.kernel.org/networking/ip-sysctl.html, tcp_retries2
const drainedMemory = Temporal.Duration.from({ minutes: 20 });

/** Kept up to date by the stores' own changes, so that one namespace's question costs a few comparisons. */
export function credentialIndex(options: CredentialIndexOptions): CredentialIndex {
  const { clock, operatorNamespace, credentials, namespaces, pullSecrets, members } = options;
  // A spec that cannot be read any more goes on as it was last read.
  const readable = new Map<string, RegistryCredential>();
  const namespaceNames = new Map<string, string>();
  const credentialNames = new Map<string, string>();
  let byAge: readonly RegistryCredential[] | undefined;
  const marked = markedSecrets(pullSecrets);
  const kept = retained(members, (name, namespace) => marked.has(name, namespace));
  const brake = removals(clock, (uid) => members.count(uid));
  const drained = new Map<string, { readonly credential: RegistryCredential; readonly until: number }>();
  const nameListeners: (() => void)[] = [];
  let knownNames = "";

  const selected = (credential: RegistryCredential, namespace: NamespaceRecord): boolean =>
    selectsNamespace(credential.spec.namespaces, namespace, operatorNamespace);

  /** What the credential is to a member, told to the brake. */
  const judge = (credential: RegistryCredential, namespace: NamespaceRecord, cause: RemovalCause): void => {
    // Who opts out, or deletes the namespace, goes by the tenant's own will: never counted, never held.
    const chosen = credential.deletionTimestamp || namespace.terminating || namespace.optedOut;
    const obstacle = selectionObstacle(credential.spec.namespaces, namespace, operatorNamespace);
    if (chosen || !obstacle) brake.stays(credential, namespace.name);
    else if (!members.has(credential.uid, namespace.uid)) brake.left(credential, namespace);
    // Whatever its labels say.
    else if (obstacle.kind !== "label") brake.isTakenOut(credential, namespace);
    else brake.leaves(credential, namespace, cause);
  };

  credentials.subscribe((change) => {
    const { key, after } = change;
    byAge = undefined;
    const before = readable.get(key);
    if (before && before.uid !== after?.uid) {
      readable.delete(key);
      // Seen in deletion is not drained: anybody may take its finalizer off.
      const isDrained = drained.get(key)?.credential.uid === before.uid;
      forgetUid(before.uid, isDrained ? goneBy(change) : undefined);
    }
    if (!after) {
      brake.forget(key);
      marked.forget(key);
      followNames();
      return;
    }
    const credential = after.credential ?? asLastRead(before, after, clock.now());
    if (!credential) return followNames();
    readable.set(key, credential);
    if (before?.uid !== credential.uid) {
      credentialNames.set(credential.uid, key);
      marked.follow(key);
    }
    followNames();
    if (!concernsMembers(before, credential)) return;
    for (const uid of members.namespaces(credential.uid)) {
      const namespace = namespaceOf(uid);
      if (namespace) judge(credential, namespace, before?.uid === credential.uid ? "Spec" : causeAtStart(credential));
    }
    decide(credential, [...members.namespaces(credential.uid)]);
  });
  namespaces.subscribe((change) => {
    const { before, after } = change;
    const gone = goneBy(change);
    if (before && gone) {
      namespaceNames.delete(before.uid);
      for (const credential of readable.values()) brake.stays(credential, before.name);
      // A namespace that is made anew under the name is another one.
      members.forgetNamespace(before.uid, gone);
    }
    if (!after) return;
    namespaceNames.set(after.uid, after.name);
    for (const credential of readable.values()) {
      if (!members.has(credential.uid, after.uid)) continue;
      judge(credential, after, before?.uid === after.uid ? "Labels" : causeAtStart(credential));
      decide(credential, [after.uid]);
    }
  });
  members.subscribe({
    changed: (credentialUid, namespaceUid) => {
      const namespace = namespaceOf(namespaceUid);
      const credential = readable.get(credentialNames.get(credentialUid) ?? "");
      if (credential?.uid === credentialUid && namespace) judge(credential, namespace, causeAtStart(credential));
    },
    unsaved: () => undefined,
  });

  const namespaceOf = (uid: string): NamespaceRecord | undefined => {
    const namespace = namespaces.get(namespaceNames.get(uid) ?? "");
    return namespace?.uid === uid ? namespace : undefined;
  };
  const membersOf = (credential: RegistryCredential | undefined): readonly string[] =>
    [...(credential ? members.mayHold(credential.uid) : [])].flatMap((uid) => namespaceOf(uid)?.name ?? []);
  /** `drained`: it is gone, and had left every tenant. Else it is still to be known who has a login of it. */
  const forgetUid = (uid: string, drained: KnownAbsent | undefined): void => {
    credentialNames.delete(uid);
    if (drained) members.forgetCredential(uid, drained);
  };

  /**
   * Who leaves and is not held is a member no more from this moment on, however long a tenant keeps its removal from being done;
   * and where many leave at once, that is noticed at once: later some of them may go by themselves.
   */
  const decide = (credential: RegistryCredential, namespaceUids: readonly string[]): void => {
    void inSlices(clock, namespaceUids, (uid) => {
      const namespace = namespaceOf(uid);
      const now = readable.get(credential.name);
      // Another change has come between two slices, and has been decided for itself.
      if (!now || concernsMembers(credential, now)) return;
      if (!namespace || selected(credential, namespace)) return;
      if (!brake.keeps(credential, namespace.name)) members.takeBack(credential.uid, uid);
    });
  };

  /** Credentials that are gone, and of which a paused or cut off leader may still write a Secret. */
  const lately = (): readonly RegistryCredential[] => {
    return [...drained.values()].flatMap(({ credential, until }) =>
      readable.has(credential.name) || until <= clock.elapsed() ? [] : [credential],
    );
  };

  const ordered = (): readonly RegistryCredential[] =>
    (byAge ??= [...readable.values()].toSorted(
      (a, b) => Temporal.Instant.compare(a.creationTimestamp, b.creationTimestamp) || (a.name < b.name ? -1 : 1),
    ));

  const titleOf = (credential: RegistryCredential, namespace: NamespaceRecord): "selected" | "held" | undefined => {
    if (credential.deletionTimestamp) return undefined;
    if (selected(credential, namespace)) return "selected";
    return brake.keeps(credential, namespace.name) ? "held" : undefined;
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

  const followNames = (): void => {
    const now = names();
    marked.watched(now);
    if (now.join() === knownNames) return;
    knownNames = now.join();
    for (const listener of nameListeners) listener();
  };

  return {
    contributors: (namespace, secretName) =>
      [...ordered(), ...lately()].flatMap((credential): Contributor[] => {
        const former = retiredNames(credential, clock.now()).find((retired) => retired.secretName === secretName);
        const current = credential.spec.pullSecret.name === secretName;
        if (!current && !former) return [];
        const title = titleOf(credential, namespace);
        return [
          {
            name: credential.name,
            credential,
            role: current ? "current" : former?.over === false ? "retiring" : "former",
            entitled: title !== undefined,
            held: title === "held",
            deleting: credential.deletionTimestamp !== undefined,
            retains: kept.here(credential, namespace),
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
    held: (name) => {
      const credential = readable.get(name);
      return credential && brake.held(credential);
    },
    entitled: (credential, namespace) => titleOf(credential, namespace) !== undefined,
    mayHold: (name) => new Set([...marked.namespaces(name), ...membersOf(readable.get(name))]),
    drained: (credential) => {
      drained.set(credential.name, { credential, until: clock.elapsed() + drainedMemory.total("milliseconds") });
      // The watch may have told of its end before the answer to our own write.
      const now = credentials.look(credential.name);
      if (now.kind === "absent") members.forgetCredential(credential.uid, now);
      // That it is gone may have been heard before.
      followNames();
    },
    drainedFor: (name) => {
      const { until = 0, credential } = drained.get(name) ?? {};
      const left = until - clock.elapsed();
      if (left > 0) return left;
      if (credential) kept.forget(credential.uid);
      if (drained.delete(name)) followNames();
      return undefined;
    },
    onNames: (listener) => void nameListeners.push(listener),
  };
}

/** Who is selected may be others than before. */
function concernsMembers(before: RegistryCredential | undefined, after: RegistryCredential): boolean {
  return (
    before?.uid !== after.uid ||
    before.generation !== after.generation ||
    before.annotations[allowRemovalAnnotation] !== after.annotations[allowRemovalAnnotation] ||
    (before.deletionTimestamp === undefined) !== (after.deletionTimestamp === undefined)
  );
}

/** Of members that were found unselected and not seen to become so: had the spec changed when its status was last written? */
function causeAtStart(credential: RegistryCredential): RemovalCause {
  const isChanged = credential.status?.observedGeneration !== credential.generation;
  return toldAsHeld(credential) ?? (isChanged ? "Spec" : "Labels");
}
