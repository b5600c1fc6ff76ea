// Follows specs, labels and memberships: tells the removal guard who leaves which credential, and takes back what it does not hold.
import { allowRemovalAnnotation } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import type { InSlices } from "../runtime/in-slices.ts";
import { goneBy } from "../runtime/watch/presence.ts";
import type { Store } from "../runtime/watch/store.ts";
import { isSameSpec, type LastGoodSpecs } from "./last-good-spec.ts";
import type { Members } from "./members.ts";
import { type Removals, reportedAsHeld } from "./removal-guard.ts";
import type { RemovalCause } from "./removal-limit.ts";
import { selectionBlocker } from "./selection.ts";

export interface RemovalsOptions {
  readonly inSlices: InSlices;
  readonly operatorNamespace: string;
  readonly specs: LastGoodSpecs;
  readonly namespaces: Pick<Store<NamespaceRecord>, "subscribe">;
  readonly namespaceOf: (uid: string) => NamespaceRecord | undefined;
  readonly members: Members;
  readonly guard: Removals;
}

export function followRemovals(options: RemovalsOptions): void {
  const { inSlices, operatorNamespace, specs, namespaces, namespaceOf, members, guard } = options;

  /** What the credential is to a member, told to the guard. */
  const judge = (credential: RegistryCredential, namespace: NamespaceRecord, cause: RemovalCause): void => {
    // Who opts out, or deletes the namespace, goes by the tenant's own will: never counted, never held.
    const chosen = credential.deletionTimestamp || namespace.terminating || namespace.optedOut;
    const blocker = selectionBlocker(credential.spec.namespaces, namespace, operatorNamespace);
    if (chosen || !blocker) guard.stays(credential, namespace.name);
    else if (!members.has(credential.uid, namespace.uid)) guard.left(credential, namespace);
    // Whatever its labels say.
    else if (blocker.kind !== "label") guard.isTakenOut(credential, namespace);
    else guard.leaves(credential, namespace, cause);
  };

  /**
   * Who leaves and is not held is a member no more from this moment on, however long a tenant keeps its removal from being done;
   * and where many leave at once, that is noticed at once: later some of them may go by themselves.
   */
  const decide = (credential: RegistryCredential, uid: string): void => {
    const namespace = namespaceOf(uid);
    const now = specs.get(credential.name);
    if (!namespace || credential.deletionTimestamp || now?.uid !== credential.uid) return;
    const isOut = ({ spec }: RegistryCredential): boolean =>
      selectionBlocker(spec.namespaces, namespace, operatorNamespace) !== undefined;
    // A change that is taken back takes nobody out.
    if (!isOut(credential) || !isOut(now)) return;
    if (!guard.keeps(credential, namespace.name)) members.takeBack(credential.uid, uid);
  };
  /** By the uid of the credential: what its last change means to members that it has not been decided for. */
  const undecided = new Map<string, () => void>();
  const decideInSlices = (credential: RegistryCredential, uids: readonly string[]): void => {
    // Both take from it whoever has not been taken yet.
    const left = uids.values();
    const finish = (): void => {
      for (const uid of left) decide(credential, uid);
    };
    undecided.set(credential.uid, finish);
    void inSlices(left, (uid) => decide(credential, uid)).then(() => {
      if (undecided.get(credential.uid) === finish) undecided.delete(credential.uid);
    });
  };

  specs.subscribe(({ before, after: credential }) => {
    if (!credential || !concernsMembers(before, credential)) return;
    // Who was taken out by the change before stays out, whatever this one is taken for.
    undecided.get(credential.uid)?.();
    const cause = before?.uid === credential.uid ? "Spec" : causeAtStart(credential);
    // All at once: of half of them the guard would take a removal of thousands for one of a few.
    const uids = [...members.namespaces(credential.uid)];
    for (const uid of uids) {
      const namespace = namespaceOf(uid);
      if (namespace) judge(credential, namespace, cause);
    }
    decideInSlices(credential, uids);
  });
  namespaces.subscribe((change) => {
    const { before, after } = change;
    const gone = goneBy(change);
    if (before && gone) {
      // Nobody else leaves it.
      for (const uid of members.inNamespace(before.uid)) {
        const credential = specs.ofUid(uid);
        if (credential) guard.stays(credential, before.name);
      }
      // A namespace that is made anew under the name is another one.
      members.forgetNamespace(before.uid, gone);
    }
    if (!after) return;
    for (const credentialUid of members.inNamespace(after.uid)) {
      const credential = specs.ofUid(credentialUid);
      if (!credential || !members.has(credentialUid, after.uid)) continue;
      judge(credential, after, before?.uid === after.uid ? "Labels" : causeAtStart(credential));
      decide(credential, after.uid);
    }
  });
  members.subscribe({
    changed: (credentialUid, namespaceUid) => {
      const namespace = namespaceOf(namespaceUid);
      const credential = specs.ofUid(credentialUid);
      if (credential?.uid === credentialUid && namespace) judge(credential, namespace, causeAtStart(credential));
    },
    unsaved: () => undefined,
  });
}

/** Who is selected may be others than before. */
function concernsMembers(before: RegistryCredential | undefined, after: RegistryCredential): boolean {
  return (
    before?.uid !== after.uid ||
    !isSameSpec(before, after) ||
    before.annotations[allowRemovalAnnotation] !== after.annotations[allowRemovalAnnotation] ||
    (before.deletionTimestamp === undefined) !== (after.deletionTimestamp === undefined)
  );
}

/** Of members that were found unselected and not seen to become so: whether the spec had changed when its status was last written. */
function causeAtStart(credential: RegistryCredential): RemovalCause {
  const isChanged = credential.status?.observedGeneration !== credential.generation;
  return reportedAsHeld(credential) ?? (isChanged ? "Spec" : "Labels");
}
