// The removal guard: holds a removal of many namespaces at once until a person confirms it.
import { conditionOf } from "../api/conditions.ts";
import { allowRemovalAnnotation } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Clock } from "../runtime/clock.ts";
import { allowedRemoval, removalWindow, type Held, heldFrom, isTooLarge, type RemovalCause } from "./removal-limit.ts";
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
  const byName = new Map<string, { readonly uid: string; readonly groups: Groups }>();

  const groupsOf = (credential: RegistryCredential): Groups => {
    const known = byName.get(credential.name);
    if (known?.uid === credential.uid) return known.groups;
    const heldBefore = toldAsHeld(credential);
    const groupFor = (cause: RemovalCause): Group => ({
      leaving: new Set(),
      removedAt: new Map(),
      heldAt: heldBefore === cause ? credential.generation : undefined,
    });
    const groups = { Spec: groupFor("Spec"), Labels: groupFor("Labels") };
    byName.set(credential.name, { uid: credential.uid, groups });
    return groups;
  };
  const lately = ({ removedAt, leaving }: Group): number => {
    const since = clock.elapsed() - removalWindow.total("milliseconds");
    for (const [uid, at] of removedAt) {
      if (at > since) break;
      removedAt.delete(uid);
    }
    return leaving.size === 0 ? 0 : removedAt.size;
  };
  const isHeld = (credential: RegistryCredential, group: Group): boolean => {
    if (group.leaving.size === 0) return false;
    const { generation, annotations } = credential;
    const held = isTooLarge({
      served: served(credential.uid),
      leaving: group.leaving.size,
      removedLately: lately(group),
      wasHeld: group.heldAt === generation,
      allowed: allowedRemoval(annotations[allowRemovalAnnotation], generation),
    });
    group.heldAt = held ? generation : undefined;
    return held;
  };

  /** Whether it was leaving. Where nobody is left, whoever leaves next is a change of its own. */
  const dropFrom = (group: Group, namespaceName: string): boolean => {
    const was = group.leaving.delete(namespaceName);
    if (was && group.leaving.size === 0) group.heldAt = undefined;
    return was;
  };

  return {
    leaves: (credential, { name }, cause) => {
      const groups = groupsOf(credential);
      if (causes.some((each) => groups[each].leaving.has(name))) return;
      groups[cause].leaving.add(name);
    },
    isTakenOut: (credential, { name }) => {
      const { Labels, Spec } = groupsOf(credential);
      dropFrom(Labels, name);
      Spec.leaving.add(name);
    },
    left: (credential, { name, uid }) => {
      for (const cause of causes) {
        const group = groupsOf(credential)[cause];
        const { removedAt } = group;
        if (!dropFrom(group, name)) continue;
        removedAt.delete(uid);
        removedAt.set(uid, clock.elapsed());
      }
    },
    stays: (credential, namespaceName) => {
      for (const cause of causes) dropFrom(groupsOf(credential)[cause], namespaceName);
    },
    forget: (credentialName) => void byName.delete(credentialName),
    keeps: (credential, namespaceName) => {
      const groups = groupsOf(credential);
      const cause = causes.find((each) => groups[each].leaving.has(namespaceName));
      return cause !== undefined && isHeld(credential, groups[cause]);
    },
    held: (credential) => {
      const groups = groupsOf(credential);
      const held = causes.filter((cause) => isHeld(credential, groups[cause]));
      const [first] = held;
      if (first === undefined) return undefined;
      return heldFrom({
        name: credential.name,
        generation: credential.generation,
        served: served(credential.uid),
        cause: first,
        leaving: held.flatMap((cause) => [...groups[cause].leaving]),
        total: held.reduce((total, cause) => total + groups[cause].leaving.size + lately(groups[cause]), 0),
      });
    },
  };
}

/** What the status says of a hold, for the time after a restart: only the operator and administrators can write it. */
export function toldAsHeld({ status, generation }: RegistryCredential): RemovalCause | undefined {
  const condition = conditionOf(status, "RemovalHeld");
  if (condition?.status !== "True" || condition.observedGeneration !== generation) return undefined;
  return condition.reason === "NamespacesRelabelled" ? "Labels" : "Spec";
}
