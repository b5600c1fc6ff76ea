// The index of RegistryCredentials by the namespaces that they select, brought up to date for a namespace when it is asked for.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { shared } from "../cluster/transform/shared.ts";
import { MultiMap } from "../runtime/multi-map.ts";
import { isSameSpec, type LastGoodSpecs } from "./last-good-spec.ts";
import { selectsNamespace } from "./selection.ts";

/** Names of the RegistryCredentials whose spec selects the namespace, those in deletion among them. */
export type Selections = (namespace: NamespaceRecord) => ReadonlySet<string>;

interface Known {
  readonly names: ReadonlySet<string>;
  /** How many changes of specs it takes into account. */
  readonly upTo: number;
}

// Of so many changes a namespace catches up one by one; after more it is looked at anew.
const remembered = 1_024;

/**
 * Who lists names only is looked up by them, and all others are matched: once for each namespace and once for each of their
 * changes, whatever is asked how often.
 */
export function selections(specs: Pick<LastGoodSpecs, "get" | "subscribe">, operatorNamespace: string): Selections {
  // By name of the namespace.
  const listing = new MultiMap<string, string>();
  const matching = new Set<string>();
  // By record, not by name: one with other labels is another.
  const known = new WeakMap<NamespaceRecord, Known>();
  // Nearly all namespaces are selected by the same.
  const alike = shared<Known>();
  let forgotten = 0;
  let changed: string[] = [];

  const enter = ({ name, spec }: RegistryCredential): void => {
    const listed = listedNames(spec.namespaces.include);
    if (!listed) matching.add(name);
    for (const each of listed ?? []) listing.add(each, name);
  };
  const withdraw = ({ name, spec }: RegistryCredential): void => {
    matching.delete(name);
    for (const each of listedNames(spec.namespaces.include) ?? []) listing.delete(each, name);
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
    if (before?.upTo === now) return before.names;
    const isNear = before !== undefined && before.upTo >= forgotten;
    const names = new Set<string>(isNear ? before.names : []);
    const asked = isNear ? changed.slice(before.upTo - forgotten) : [...listing.of(namespace.name), ...matching];
    for (const each of asked) look(namespace, each, names);
    const text = `${now} ${[...names].join()}`;
    const found = alike(text, () => ({ names, upTo: now }));
    known.set(namespace, found);
    return found.names;
  };
}

/** Names that alone may be selected. Undefined where others may be. */
export function listedNames(include: readonly string[] | undefined): readonly string[] | undefined {
  return include && !include.some((glob) => /[*?]/.test(glob)) ? include : undefined;
}
