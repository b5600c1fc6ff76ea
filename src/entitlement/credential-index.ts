// The index of credentials: which of them a namespace gets under which Secret name, as whom, and which it would lose.
import { finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../cluster/records.ts";
import type { Clock } from "../runtime/clock.ts";
import type { InSlices } from "../runtime/in-slices.ts";
import { goneBy } from "../runtime/watch/presence.ts";
import type { Store } from "../runtime/watch/store.ts";
import { followRemovals } from "./follow-removals.ts";
import { type LastGoodSpecs, lastGoodSpecs } from "./last-good-spec.ts";
import { type MarkedSecrets, markedSecrets } from "./marked-secrets.ts";
import type { Members } from "./members.ts";
import { type NamedAccounts, namedAccounts } from "./named-accounts.ts";
import { type NamesInUse, namesInUse } from "./names-in-use.ts";
import { type Removals, removals } from "./removal-guard.ts";
import type { Held } from "./removal-limit.ts";
import { type Retired, retiredNames } from "./rename-grace.ts";
import { retained } from "./retained.ts";
import { concerned, concernsAll } from "./concerned.ts";
import { selectsNamespace } from "./selection.ts";
import { listedNames, type Selections, selections } from "./selections.ts";

/** A credential that names a Secret name in use, judged for one namespace. */
export interface Contributor {
  readonly name: string;
  readonly credential: RegistryCredential;
  /** current: the name it writes now. retiring: a former name that it keeps fresh for a while. former: no longer its name. */
  readonly role: "current" | "retiring" | "former";
  /** Selected, or held by the removal guard; false for a credential that is being deleted. */
  readonly entitled: boolean;
  /** Entitled by the removal guard alone: it keeps what it has, and is given nothing. */
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
  /**
   * Every credential that has to do with this Secret name and with the namespace, oldest first. Who neither selects it nor has, or
   * may have, something in it has not, but for those that `everybody` asks for: of whom nobody knows, as no record is kept of them.
   */
  contributors(namespace: NamespaceRecord, secretName: string, of?: "concerned" | "everybody"): readonly Contributor[];
  /** The same for every Secret name with which somebody has to do there, asked once. Oldest credential first. */
  contributorsIn(namespace: NamespaceRecord): ReadonlyMap<string, readonly Contributor[]>;
  /** Secret names that credentials write or have written: each has a watch. Oldest credential first. The same list while they are the same. */
  names(): readonly string[];
  isInUse(secretName: string): boolean;
  namesOf(credentialName: string): readonly Retired[];
  /** Names of the credentials that the namespace concerns: see `contributors`. */
  concerned(namespace: NamespaceRecord): readonly string[];
  /** Secret names that these write or have written, and those in use under which the record knows of somebody. */
  namesIn(namespace: NamespaceRecord): readonly string[];
  /** Whether there are any of these. */
  isNamed(namespace: NamespaceRecord): boolean;
  /** Something of the credential may be where nothing else says so: in each namespace. */
  concernsAll(credential: RegistryCredential): boolean;
  /** Namespaces of which it may be entitled to some: not all, where it names them. */
  eligible(credential: RegistryCredential): Iterable<NamespaceRecord>;
  /** Names of the credentials whose spec cannot be read and never could. */
  unreadable(): ReadonlySet<string>;
  exists(credentialName: string): boolean;
  readable(credentialName: string): RegistryCredential | undefined;
  held(credentialName: string): Held | undefined;
  /** Those whose tokens are asked for as this ServiceAccount. */
  readonly askingAs: NamedAccounts;
  /** Selected, or held by the removal guard. */
  entitled(credential: RegistryCredential, namespace: NamespaceRecord): boolean;
  /**
   * Namespaces in which something of the credential may be left: its members, and those in which a Secret lists it. Tenants
   * can write the latter, so it says where to look for what may have to go, and nothing about who may have a login. Found while
   * they are gone through; undefined for each that has come before, so that others have a turn there, too.
   */
  mayHold(credentialName: string): Iterable<string | undefined>;
  /** This one is among them. */
  mayHoldIn(credentialName: string, namespace: NamespaceRecord): boolean;
  /** Nothing of it is left, and its finalizer has gone: what still turns up of it was written late, and goes too. */
  drained(credential: RegistryCredential): void;
  /** Milliseconds for which that is still expected; undefined: no more. To be asked again then. */
  drainedFor(credentialName: string): number | undefined;
  /** Calls `listener` whenever `names` are others than before, after that, with those that are in use no more. */
  onNames(listener: (lost: readonly string[]) => void): void;
}

/** Every name of a pull Secret that the credential writes, or has written: the present one first. */
export function secretNamesOf(
  index: Pick<CredentialIndex, "namesOf">,
  { name, spec }: Pick<RegistryCredential, "name" | "spec">,
): readonly [string, ...string[]] {
  return [spec.pullSecret.name, ...index.namesOf(name).map(({ secretName }) => secretName)];
}

export interface CredentialIndexOptions {
  readonly clock: Clock;
  readonly inSlices: InSlices;
  readonly operatorNamespace: string;
  readonly members: Members;
  readonly credentials: Store<CredentialRecord>;
  readonly namespaces: Store<NamespaceRecord>;
  readonly pullSecrets: Store<SecretRecord>;
}

/** Kept up to date by the stores' own changes, so that one namespace's question costs a few comparisons. */
export function credentialIndex(options: CredentialIndexOptions): CredentialIndex {
  const { clock, inSlices, operatorNamespace, credentials, namespaces, pullSecrets, members } = options;
  const specs = lastGoodSpecs(clock, credentials);
  const marked = markedSecrets(pullSecrets);
  const kept = retained(members, (name, namespace) => marked.has(name, namespace));
  const guard = removals(clock, (uid) => members.count(uid));
  const inUse = namesInUse(clock, specs, marked);
  const namespaceOf = namespacesByUid(namespaces);
  const selecting = selections(specs, operatorNamespace);
  const concernedIn = concerned({ specs, selecting, members, marked, inUse });

  const unread = new Set<string>();
  specs.subscribe(({ object, before, after }) => {
    const { key, after: record } = object;
    if (record && !after) unread.add(key);
    else unread.delete(key);
    // Seen in deletion is not drained: anybody may take its finalizer off.
    const drained = before && before.uid !== record?.uid && inUse.isDrained(before) ? goneBy(object) : undefined;
    // Of one that had not left every tenant it is still to be known who has a login of it.
    if (before && drained) members.forgetCredential(before.uid, drained);
    if (!record) {
      guard.forget(key);
      marked.forget(key);
    } else if (after && before?.uid !== after.uid) {
      inUse.succeeded(after, ({ uid }) => kept.forget(uid));
      marked.follow(key);
    }
    inUse.follow();
  });
  followRemovals({ inSlices, operatorNamespace, specs, namespaces, namespaceOf, members, guard });

  const everybodyIn = everybody({ specs, members, inUse, concernedIn });
  const membersOf = membersNamed(members, namespaceOf);
  const namesOf = (credential: RegistryCredential) => secretNamesOf(inUse, credential);
  const titleOf = titles({ specs, selecting, guard, operatorNamespace });
  const contributorOf = contributors({
    clock,
    operatorNamespace,
    titleOf,
    retains: (credential, namespace) => kept.here(credential, namespace),
  });

  const namesIn = namesInNamespace({ concernedIn, namesOf, members, inUse });

  return {
    contributors: (namespace, secretName, of = "concerned") =>
      (of === "everybody" ? everybodyIn(namespace) : concernedIn(namespace)).flatMap(
        (credential) => contributorOf(credential, namespace, secretName) ?? [],
      ),
    contributorsIn: (namespace) =>
      byName(concernedIn(namespace), namesOf, (credential, name) => contributorOf(credential, namespace, name)),
    names: () => inUse.names(),
    isInUse: (secretName) => inUse.isInUse(secretName),
    namesOf: (name) => inUse.namesOf(name),
    concerned: (namespace) => concernedIn(namespace).map(({ name }) => name),
    namesIn,
    isNamed: (namespace) =>
      [...selecting(namespace)].some((name) => specs.get(name) !== undefined) || namesIn(namespace).length > 0,
    concernsAll,
    eligible: (credential) => {
      const listed = listedNames(credential.spec.namespaces.include);
      if (!listed) return namespaces.values();
      // Who is held is a member.
      return [...new Set([...listed, ...membersOf(credential)])].flatMap((name) => namespaces.get(name) ?? []);
    },
    unreadable: () => unread,
    exists: (name) => credentials.get(name) !== undefined,
    readable: (name) => specs.get(name),
    held: (name) => {
      const credential = specs.get(name);
      return credential && guard.held(credential);
    },
    askingAs: namedAccounts(specs, operatorNamespace),
    entitled: (credential, namespace) => titleOf(credential, namespace) !== undefined,
    ...whereLeft({ specs, marked, members, membersOf }),
    drained: (credential) => {
      inUse.drained(credential);
      // The watch may have told of its end before the answer to our own write.
      const now = credentials.look(credential.name);
      if (now.kind === "absent") members.forgetCredential(credential.uid, now);
      // That it is gone may have been heard before.
      inUse.follow();
    },
    drainedFor: (name) => inUse.drainedFor(name, ({ uid }) => kept.forget(uid)),
    onNames: (listener) => inUse.onNames(listener),
  };
}

interface WhereLeftOptions {
  readonly specs: Pick<LastGoodSpecs, "get">;
  readonly marked: MarkedSecrets;
  readonly members: Pick<Members, "mayHoldIn">;
  readonly membersOf: ReturnType<typeof membersNamed>;
}

/** Where something of a credential may be left. */
function whereLeft({ specs, marked, members, membersOf }: WhereLeftOptions) {
  return {
    mayHold: (name: string) => eachOnce([marked.namespaces(name), membersOf(specs.get(name))]),
    mayHoldIn: (name: string, { name: namespace, uid }: NamespaceRecord): boolean => {
      const credential = specs.get(name);
      return marked.has(name, namespace) || (credential !== undefined && members.mayHoldIn(credential.uid, uid));
    },
  };
}

/** Undefined for each that has come before. */
function* eachOnce(sources: readonly Iterable<string>[]): Generator<string | undefined> {
  const told = new Set<string>();
  for (const source of sources) {
    for (const each of source) {
      yield told.has(each) ? undefined : each;
      told.add(each);
    }
  }
}

/** Names of the namespaces that are there, and in which something of the credential may be. */
function membersNamed(members: Pick<Members, "mayHold">, namespaceOf: (uid: string) => NamespaceRecord | undefined) {
  return function* (credential: RegistryCredential | undefined): Generator<string> {
    for (const uid of credential ? members.mayHold(credential.uid) : []) {
      const namespace = namespaceOf(uid);
      if (namespace) yield namespace.name;
    }
  };
}

interface NamesOptions {
  readonly concernedIn: (namespace: NamespaceRecord) => readonly RegistryCredential[];
  readonly namesOf: (credential: RegistryCredential) => readonly string[];
  readonly members: Pick<Members, "secretNamesIn">;
  readonly inUse: Pick<NamesInUse, "isInUse">;
}

/** Secret names under which something is in a namespace, or may be. */
function namesInNamespace({ concernedIn, namesOf, members, inUse }: NamesOptions) {
  return (namespace: NamespaceRecord): readonly string[] => [
    ...new Set([
      ...concernedIn(namespace).flatMap(namesOf),
      // Of who is gone nothing else tells; what the record has of it is looked at, and goes.
      ...[...members.secretNamesIn(namespace.uid)].filter((name) => inUse.isInUse(name)),
    ]),
  ];
}

interface EverybodyOptions {
  readonly specs: LastGoodSpecs;
  readonly members: Pick<Members, "recorded" | "subscribe">;
  readonly inUse: Pick<NamesInUse, "drainedLately">;
  readonly concernedIn: (namespace: NamespaceRecord) => readonly RegistryCredential[];
}

/** Whom a namespace concerns, and of whom no record tells, so that it may: of whom none has been begun yet, or none is kept any more. */
function everybody({ specs, members, inUse, concernedIn }: EverybodyOptions) {
  // Some may have one by now.
  const unrecorded = new Set<string>();
  specs.subscribe(({ object: { key }, before, after }) => {
    if (before?.uid !== after?.uid) unrecorded.add(key);
  });
  members.subscribe({
    changed: () => undefined,
    unsaved: (uid) => {
      if (members.recorded(uid)) unrecorded.delete(specs.ofUid(uid)?.name ?? "");
    },
  });
  return (namespace: NamespaceRecord): readonly RegistryCredential[] => {
    const others: RegistryCredential[] = [];
    for (const name of unrecorded) {
      const credential = specs.get(name);
      if (credential && !members.recorded(credential.uid)) others.push(credential);
      else unrecorded.delete(name);
    }
    const all = [...new Set([...concernedIn(namespace), ...others, ...inUse.drainedLately()])];
    // Those that were drained are behind the others.
    const rankOf = ({ name }: RegistryCredential): number => specs.rank(name) ?? Infinity;
    return others.length === 0 ? all : all.toSorted((one, other) => rankOf(one) - rankOf(other) || 0);
  };
}

/** In the order of the credentials. */
function byName(
  credentials: readonly RegistryCredential[],
  namesOf: (credential: RegistryCredential) => readonly string[],
  contributorOf: (credential: RegistryCredential, secretName: string) => Contributor | undefined,
): ReadonlyMap<string, readonly Contributor[]> {
  const found = new Map<string, Contributor[]>();
  for (const credential of credentials) {
    for (const secretName of namesOf(credential)) {
      const contributor = contributorOf(credential, secretName);
      const its = found.get(secretName);
      if (contributor && its) its.push(contributor);
      else if (contributor) found.set(secretName, [contributor]);
    }
  }
  return found;
}

type Title = "selected" | "held";

interface TitlesOptions {
  readonly specs: Pick<LastGoodSpecs, "get">;
  readonly selecting: Selections;
  readonly guard: Pick<Removals, "keeps">;
  readonly operatorNamespace: string;
}

/** By what a credential is entitled to a namespace. */
function titles({ specs, selecting, guard, operatorNamespace }: TitlesOptions) {
  const isSelected = (credential: RegistryCredential, namespace: NamespaceRecord): boolean => {
    const { name, spec } = credential;
    // Whoever asks may have read it before it changed.
    return specs.get(name) === credential
      ? selecting(namespace).has(name)
      : selectsNamespace(spec.namespaces, namespace, operatorNamespace);
  };
  return (credential: RegistryCredential, namespace: NamespaceRecord): Title | undefined => {
    if (credential.deletionTimestamp) return undefined;
    if (isSelected(credential, namespace)) return "selected";
    return guard.keeps(credential, namespace.name) ? "held" : undefined;
  };
}

interface ContributorsOptions {
  readonly clock: Clock;
  readonly operatorNamespace: string;
  readonly titleOf: (credential: RegistryCredential, namespace: NamespaceRecord) => Title | undefined;
  readonly retains: (credential: RegistryCredential, namespace: NamespaceRecord) => boolean;
}

/** What a credential is to a Secret name in a namespace; undefined: nothing. */
function contributors({ clock, operatorNamespace, titleOf, retains }: ContributorsOptions) {
  return (credential: RegistryCredential, namespace: NamespaceRecord, secretName: string): Contributor | undefined => {
    const former = retiredNames(credential, clock).find((retired) => retired.secretName === secretName);
    const current = credential.spec.pullSecret.name === secretName;
    if (!current && !former) return undefined;
    const title = titleOf(credential, namespace);
    return {
      name: credential.name,
      credential,
      role: current ? "current" : former?.over === false ? "retiring" : "former",
      entitled: title !== undefined,
      held: title === "held",
      deleting: credential.deletionTimestamp !== undefined,
      retains: retains(credential, namespace),
      // A former name is one that the status holds.
      confirmed:
        credential.finalizers.includes(finalizer) &&
        (!current || credential.status?.secretName === secretName) &&
        // An older CRD has no field for it.
        (credential.status?.operatorNamespace ?? operatorNamespace) === operatorNamespace,
    };
  };
}

/** The namespace of a uid, while it is the one that is there. */
function namespacesByUid(namespaces: Store<NamespaceRecord>): (uid: string) => NamespaceRecord | undefined {
  const names = new Map<string, string>();
  namespaces.subscribe((change) => {
    const { before, after } = change;
    if (before && goneBy(change)) names.delete(before.uid);
    if (after) names.set(after.uid, after.name);
  });
  return (uid) => {
    const namespace = namespaces.get(names.get(uid) ?? "");
    return namespace?.uid === uid ? namespace : undefined;
  };
}
