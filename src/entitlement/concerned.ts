// Whom a namespace concerns: the RegistryCredentials that select it, and those that have, or may have, something in it.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { extraReferences } from "./extra-references.ts";
import type { LastGoodSpecs } from "./last-good-spec.ts";
import type { MarkedSecrets } from "./marked-secrets.ts";
import type { Members } from "./members.ts";
import type { NamesInUse } from "./names-in-use.ts";
import type { Selections } from "./selections.ts";

export interface ConcernedOptions {
  readonly specs: Pick<LastGoodSpecs, "get" | "ofUid" | "rank" | "subscribe">;
  readonly selecting: Selections;
  readonly members: Pick<Members, "inNamespace">;
  readonly marked: Pick<MarkedSecrets, "inNamespace">;
  readonly inUse: Pick<NamesInUse, "drainedLately">;
}

/** Oldest first, then those that were drained lately. Costs what concerns the namespace, however many others there are. */
export function concerned(options: ConcernedOptions): (namespace: NamespaceRecord) => readonly RegistryCredential[] {
  const { specs, selecting, members, marked, inUse } = options;
  const everywhere = new Set<string>();
  specs.subscribe(({ object: { key }, after }) => {
    if (after && concernsAll(after)) everywhere.add(key);
    else everywhere.delete(key);
  });
  const oldestFirst = (one: string, other: string): number => (specs.rank(one) ?? 0) - (specs.rank(other) ?? 0);

  return (namespace) => {
    const { uid, name } = namespace;
    const names = new Set([...selecting(namespace), ...everywhere]);
    const holders = members.inNamespace(uid);
    const marks = new Set(marked.inNamespace(name));
    for (const holder of holders) names.add(specs.ofUid(holder)?.name ?? "");
    for (const mark of marks) names.add(mark);
    const there = [...names].filter((each) => specs.get(each) !== undefined).toSorted(oldestFirst);
    const gone = inUse
      .drainedLately()
      .filter((each) => holders.has(each.uid) || marks.has(each.name) || concernsAll(each));
    return [...there.flatMap((each) => specs.get(each) ?? []), ...gone];
  };
}

/**
 * What it leaves behind may be anywhere: in a ServiceAccount, whose record says nothing of whom it was for; or where Secrets of it
 * stay that nobody's record has any more.
 */
export function concernsAll(credential: RegistryCredential): boolean {
  const { current, coming, former } = extraReferences(credential);
  if (!credential.deletionTimestamp) return former.length > 0;
  return credential.spec.deletionPolicy === "Retain" || current.length + coming.length + former.length > 0;
}
