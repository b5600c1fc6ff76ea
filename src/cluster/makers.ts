// Makers of a token: for which entry, and with which values of a Namespace, it was made.
//
// An entry's name is its identity within its RegistryCredential. So whoever has altered an entry, and has no token yet for what
// it is now, is found here to have had another one; and whether a namespace has changed meanwhile what it is rendered with.
import type { Entry } from "../api/registry-credential.ts";
import { labelsInTemplate, placeholdersIn, placeholderValue } from "../api/placeholders.ts";
import type { NamespaceRecord } from "./records.ts";

/** Kept in the token Secret, where no tenant can write it. */
export interface Maker {
  /** Uid of the RegistryCredential. */
  readonly credential: string;
  /** Name of the entry. */
  readonly entry: string;
  /** Those of the entry's hosts that the token is for, as they are written there. */
  readonly hosts: readonly string[];
  /** By placeholder, without `$(` and `)`: what the entry was rendered with. Empty: the same for every namespace. */
  readonly values: Readonly<Record<string, string>>;
  /** It has ceased to use the token, and lives by the one that had been issued at this time; undefined: it uses it. */
  readonly until?: string | undefined;
}

/** Of a namespace that was made anew under its name, all is another's that its own objects have brought about. */
const uidOfNamespace = "namespace.uid";

// More than the entries of some hundred RegistryCredentials that read one source; a token Secret may have 1 MiB.
const maxBytes = 64 * 1024;

const placeholders = new WeakMap<Entry, readonly string[]>();

/** Of a grant what a maker depends on. */
interface RenderedGrant {
  readonly provider: string;
  readonly identity?: { readonly from: string };
}

/** @param grant what the entry has been rendered to for these hosts */
export function makerOf(
  credential: string,
  entry: Entry,
  { hosts, grant }: { readonly hosts: readonly string[]; readonly grant: RenderedGrant },
  namespace: NamespaceRecord,
): Maker {
  const isOfTenant = grant.identity?.from === "TenantServiceAccount";
  const names = [...placeholdersOf(entry), ...(isOfTenant ? ["namespace.name", uidOfNamespace] : [])];
  return { credential, entry: entry.name, hosts, values: valuesOf(names, namespace) ?? {} };
}

/** Of what decides the token: an image by which it is tried does not. */
function placeholdersOf(entry: Entry): readonly string[] {
  const known = placeholders.get(entry);
  if (known) return known;
  const { verify: _verify, ...deciding } = entry;
  const found = placeholdersIn(JSON.stringify(deciding));
  placeholders.set(entry, found);
  return found;
}

/** Undefined where the namespace lacks one of them. */
function valuesOf(names: readonly string[], namespace: NamespaceRecord): Readonly<Record<string, string>> | undefined {
  const values: [string, string][] = [];
  for (const name of [...new Set(names)].toSorted()) {
    const value = name === uidOfNamespace ? namespace.uid : placeholderValue(name, namespace);
    if (value === undefined) return undefined;
    values.push([name, value]);
  }
  return Object.fromEntries(values);
}

/** Makers with equal texts are rendered with the same placeholders. */
export function placeholdersText({ values }: Maker): string {
  return JSON.stringify(Object.keys(values).toSorted());
}

/** Equal for makers that were rendered with the same. */
export function valuesText({ values }: Maker): string {
  return JSON.stringify(Object.entries(values).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** What `valuesText` would give for the namespace as it is now; undefined where it lacks a value. */
export function presentValuesText(ofPlaceholders: string, namespace: NamespaceRecord): string | undefined {
  const values = valuesOf(JSON.parse(ofPlaceholders) as string[], namespace);
  return values && JSON.stringify(Object.entries(values));
}

/** One entry rendered with one set of values; which hosts it is for may change. */
export function makerKey(maker: Maker): string {
  return `${maker.credential} ${maker.entry} ${valuesText(maker)}`;
}

/** Keys of Namespaces' labels by which is told whether they still are what they were. */
export function labelsOfMakers(makers: readonly Maker[] = []): readonly string[] {
  return makers.flatMap(({ values }) => Object.keys(values).flatMap((name) => labelsInTemplate(`$(${name})`)));
}

/** Characters that are left in a token Secret behind these. */
export function roomBehind(makers: Iterable<Maker>): number {
  let room = maxBytes;
  for (const maker of makers) room -= sizeOf(maker);
  return room;
}

export function sizeOf(maker: Maker): number {
  return JSON.stringify(maker).length;
}

/** Those that fit into a token Secret, each behind the ones before it. What is left out would not fit behind all that are not. */
export function boundedMakers(makers: readonly Maker[]): readonly Maker[] {
  let room = maxBytes;
  return makers.filter((maker) => {
    const bytes = sizeOf(maker);
    const fits = bytes <= room;
    if (fits) room -= bytes;
    return fits;
  });
}
