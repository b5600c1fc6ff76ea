// The index of RegistryCredentials by the namespaces that they select, brought up to date for a namespace when it is asked for.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { isSameSpec, type LastGoodSpecs } from "./last-good-spec.ts";
import { selectsNamespace } from "./selection.ts";

/** Names of the RegistryCredentials whose spec selects the namespace, those in deletion among them. */
export type Selections = (namespace: NamespaceRecord) => ReadonlySet<string>;

interface Known {
  readonly names: Set<string>;
  /** How many changes of specs it takes into account. */
  upTo: number;
}

// Of so many changes a namespace catches up one by one; after more it is looked at anew.
const remembered = 1_024;

/**
 * Who lists names only is looked up by them, and all others are matched: once for each namespace and once for each of their
 * changes, whatever is asked how often.
 */
export function selections(specs: Pick<LastGoodSpecs, "get" | "subscribe">, operatorNamespace: string): Selections {
  // By name of the namespace.
  const listing = new Map<string, Set<string>>();
  const matching = new Set<string>();
  // By record, not by name: one with other labels is another.
  const known = new WeakMap<NamespaceRecord, Known>();
  let forgotten = 0;
  let changed: string[] = [];

  const enter = ({ name, spec }: RegistryCredential): void => {
    const listed = listedNames(spec.namespaces.include);
    if (!listed) matching.add(name);
    for (const each of listed ?? []) listing.set(each, (listing.get(each) ?? new Set()).add(name));
  };
  const withdraw = ({ name, spec }: RegistryCredential): void => {
    matching.delete(name);
    for (const each of listedNames(spec.namespaces.include) ?? []) {
      const names = listing.get(each);
      names?.delete(name);
      if (names?.size === 0) listing.delete(each);
    }
  };
  specs.subscribe(({ object: { key }, before, after }) => {
    if (before && after && before.uid === after.uid && isSameSpec(before, after)) return;
    if (before) withdraw(before);
    if (after) enter(after);
    changed.push(key);
    if (changed.length < 2 * remembered) return;
    changed = changed.slice(remembered);
    forgotten += remembered;
  });

  const look = (namespace: NamespaceRecord, name: string, into: Set<string>): void => {
    const credential = specs.get(name);
    if (credential && selectsNamespace(credential.spec.namespaces, namespace, operatorNamespace)) into.add(name);
    else into.delete(name);
  };
  return (namespace) => {
    const now = forgotten + changed.length;
    const before = known.get(namespace);
    if (before && before.upTo >= forgotten) {
      for (; before.upTo < now; before.upTo += 1) look(namespace, changed[before.upTo - forgotten] ?? "", before.names);
      return before.names;
    }
    const names = new Set<string>();
    for (const each of listing.get(namespace.name) ?? []) look(namespace, each, names);
    for (const each of matching) look(namespace, each, names);
    known.set(namespace, { names, upTo: now });
    return names;
  };
}

/** Names that alone may be selected. Undefined where others may be. */
export function listedNames(include: readonly string[] | undefined): readonly string[] | undefined {
  return include && !include.some((glob) => /[*?]/.test(glob)) ? include : undefined;
}
