// The removal guard: holds a removal of many namespaces at once until a person confirms it.
import { conditionOf } from "../api/conditions.ts";
import { allowRemovalAnnotation } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Clock } from "../runtime/clock.ts";
import {
  allowedRemoval,
  removalWindow,
  type Held,
  heldFrom,
  isTooLarge,
  reasonOfHold,
  type RemovalCause,
} from "./removal-limit.ts";
import type { NamespaceRecord } from "../cluster/records.ts";

export interface Removals {
  /** The namespace is a member and is not selected any more. The first cause stays. */
  leaves(credential: RegistryCredential, namespace: NamespaceRecord, cause: RemovalCause): void;
  /**
   * The same, by a name in the spec: it leaves for that cause, even if its labels had taken it out before. Else a tenant who is
   * taken out could be held with what it has unlabelled itself.
   */
  isTakenOut(credential: RegistryCredential, namespace: NamespaceRecord): void;
  /** It is no member any more, was not chosen again, and lives on: a removal that the window counts. */
  left(credential: RegistryCredential, namespace: NamespaceRecord): void;
  /** It is chosen again, or goes by its own will: it has opted out, or is being deleted. */
  stays(credential: RegistryCredential, namespaceName: string): void;
  forget(credentialName: string): void;
  /** Whether the namespace keeps what it has until a person has confirmed the removal. */
  keeps(credential: RegistryCredential, namespaceName: string): boolean;
  held(credential: RegistryCredential): Held | undefined;
}

interface Group {
  /** By name. */
  readonly leaving: Set<string>;
  /** By uid: elapsed milliseconds of the last time. A namespace that goes to and fro is one. Oldest first. */
  readonly removedAt: Map<string, number>;
  /** Generation of the spec for which it was held. */
  heldAt: number | undefined;
}

type Groups = Readonly<Record<RemovalCause, Group>>;

const causes: readonly RemovalCause[] = ["Spec", "Labels"];

/** @param served how many namespaces hold a login of the credential with this uid */
export function removals(clock: Clock, served: (credentialUid: string) => number): Removals {
  return new RemovalGuard(clock, served);
}

class RemovalGuard implements Removals {
  readonly #clock;
  readonly #served;
  readonly #byName = new Map<string, { readonly uid: string; readonly groups: Groups }>();

  constructor(clock: Clock, served: (credentialUid: string) => number) {
    this.#clock = clock;
    this.#served = served;
  }

  readonly #groupsOf = (credential: RegistryCredential): Groups => {
    const known = this.#byName.get(credential.name);
    if (known?.uid === credential.uid) return known.groups;
    const heldBefore = reportedAsHeld(credential);
    const groupFor = (cause: RemovalCause): Group => ({
      leaving: new Set(),
      removedAt: new Map(),
      heldAt: heldBefore === cause ? credential.generation : undefined,
    });
    const groups = { Spec: groupFor("Spec"), Labels: groupFor("Labels") };
    this.#byName.set(credential.name, { uid: credential.uid, groups });
    return groups;
  };

  readonly #lately = ({ removedAt, leaving }: Group): number => {
    const since = this.#clock.elapsed() - removalWindow.total("milliseconds");
    for (const [uid, at] of removedAt) {
      if (at > since) break;
      removedAt.delete(uid);
    }
    return leaving.size === 0 ? 0 : removedAt.size;
  };

  readonly #isHeld = (credential: RegistryCredential, group: Group): boolean => {
    if (group.leaving.size === 0) return false;
    const { generation, annotations } = credential;
    const held = isTooLarge({
      served: this.#served(credential.uid),
      leaving: group.leaving.size,
      removedLately: this.#lately(group),
      wasHeld: group.heldAt === generation,
      allowed: allowedRemoval(annotations[allowRemovalAnnotation], generation),
    });
    group.heldAt = held ? generation : undefined;
    return held;
  };

  /** Whether it was leaving. Where nobody is left, whoever leaves next is a change of its own. */
  readonly #dropFrom = (group: Group, namespaceName: string): boolean => {
    const was = group.leaving.delete(namespaceName);
    if (was && group.leaving.size === 0) group.heldAt = undefined;
    return was;
  };

  /** One that had left and is a member once more, as by a write that was under way, is still one. */
  readonly #addTo = ({ leaving, removedAt }: Group, { name, uid }: NamespaceRecord): void => {
    removedAt.delete(uid);
    leaving.add(name);
  };

  readonly leaves: Removals["leaves"] = (credential, namespace, cause) => {
    const groups = this.#groupsOf(credential);
    if (causes.some((each) => groups[each].leaving.has(namespace.name))) return;
    this.#addTo(groups[cause], namespace);
  };

  readonly isTakenOut: Removals["isTakenOut"] = (credential, namespace) => {
    const { Labels, Spec } = this.#groupsOf(credential);
    this.#dropFrom(Labels, namespace.name);
    this.#addTo(Spec, namespace);
  };

  readonly left: Removals["left"] = (credential, { name, uid }) => {
    for (const cause of causes) {
      const group = this.#groupsOf(credential)[cause];
      const { removedAt } = group;
      if (!this.#dropFrom(group, name)) continue;
      removedAt.delete(uid);
      removedAt.set(uid, this.#clock.elapsed());
    }
  };

  readonly stays: Removals["stays"] = (credential, namespaceName) => {
    for (const cause of causes) this.#dropFrom(this.#groupsOf(credential)[cause], namespaceName);
  };

  readonly forget: Removals["forget"] = (credentialName) => void this.#byName.delete(credentialName);

  readonly keeps: Removals["keeps"] = (credential, namespaceName) => {
    const groups = this.#groupsOf(credential);
    const cause = causes.find((each) => groups[each].leaving.has(namespaceName));
    return cause !== undefined && this.#isHeld(credential, groups[cause]);
  };

  readonly held: Removals["held"] = (credential) => {
    const groups = this.#groupsOf(credential);
    const held = causes.filter((cause) => this.#isHeld(credential, groups[cause]));
    const [first] = held;
    if (first === undefined) return undefined;
    return heldFrom({
      name: credential.name,
      generation: credential.generation,
      served: this.#served(credential.uid),
      cause: first,
      leaving: held.flatMap((cause) => [...groups[cause].leaving]),
      total: held.reduce((total, cause) => total + groups[cause].leaving.size + this.#lately(groups[cause]), 0),
    });
  };
}

/** What the status says of a hold, for the time after a restart: only the operator and administrators can write it. */
export function reportedAsHeld({ status, generation }: RegistryCredential): RemovalCause | undefined {
  const condition = conditionOf(status, "RemovalHeld");
  if (condition?.status !== "True" || condition.observedGeneration !== generation) return undefined;
  return condition.reason === reasonOfHold.Labels ? "Labels" : "Spec";
}
