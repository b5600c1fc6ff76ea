// For which entries were the tokens made that there are, and which of them has an entry left behind?
import {
  boundedMakers,
  type Maker,
  makerKey,
  placeholdersText,
  presentValuesText,
  valuesText,
} from "../plan/makers.ts";
import type { NamespaceRecord, OperatorSecretRecord } from "../plan/snapshot.ts";
import type { Store } from "../watch/store.ts";

export interface TokenMakers {
  /**
   * Notes that this one uses the token of the grant. Who notes the same again gets the object of before, so that thousands of
   * namespaces have one.
   */
  note(grantKey: string, maker: Maker): Maker;
  /** Whether the token Secret lacks one that was noted; false where there is no token. */
  unstored(grantKey: string): boolean;
  /** Makers that the token Secret is to name: all that are known. */
  known(grantKey: string): readonly Maker[];
  /** From now on only these are known to use it. */
  keepOnly(grantKey: string, makers: ReadonlySet<Maker>): void;
  /** Grants that the entry was rendered to with the very values that the namespace has now; the present one is among them. */
  of(credential: string, entry: string, namespace: NamespaceRecord): readonly Made[];
  forget(grantKey: string): void;
}

export interface Made {
  readonly grantKey: string;
  readonly maker: Maker;
}

/** By text of the values: the makers by grant. */
type ByText = Map<string, Map<string, Maker>>;
/** By text of the placeholders. */
type ByValues = Map<string, ByText>;

/** Kept up to date by the store's own changes, so that one namespace's question costs a few look-ups. */
export function tokenMakers(secrets: Pick<Store<OperatorSecretRecord>, "values" | "subscribe">): TokenMakers {
  /** Of this process, by grant. */
  const noted = new Map<string, Map<string, Maker>>();
  /** As the Secrets name them. */
  const stored = new Map<string, readonly Maker[]>();
  const lacking = new Set<string>();
  const byEntry = new Map<string, ByValues>();

  const known = (grantKey: string): readonly Maker[] => {
    const all = new Map((stored.get(grantKey) ?? []).map((maker) => [makerKey(maker), maker]));
    for (const [key, maker] of noted.get(grantKey) ?? []) all.set(key, maker);
    return [...all.values()];
  };
  const index = (grantKey: string, makers: readonly Maker[]): void => {
    for (const maker of makers) {
      const of = within(byEntry, entryKey(maker.credential, maker.entry), (): ByValues => new Map());
      const values = within(of, placeholdersText(maker), (): ByText => new Map());
      within(values, valuesText(maker), () => new Map<string, Maker>()).set(grantKey, maker);
    }
  };
  const unindex = (grantKey: string, makers: readonly Maker[]): void => {
    for (const maker of makers) {
      const entry = entryKey(maker.credential, maker.entry);
      const of = byEntry.get(entry);
      const values = of?.get(placeholdersText(maker));
      const grants = values?.get(valuesText(maker));
      grants?.delete(grantKey);
      if (grants?.size === 0) values?.delete(valuesText(maker));
      if (values?.size === 0) of?.delete(placeholdersText(maker));
      if (of?.size === 0) byEntry.delete(entry);
    }
  };
  const changed = (grantKey: string, change: () => void): void => {
    unindex(grantKey, known(grantKey));
    change();
    const after = known(grantKey);
    index(grantKey, after);
    const names = stored.get(grantKey);
    if (names && !sameMakers(names, boundedMakers(after))) lacking.add(grantKey);
    else lacking.delete(grantKey);
  };
  const read = (record: OperatorSecretRecord | undefined): void => {
    if (record?.kind !== "token" || !record.token) return;
    const { grantKey, makers = [] } = record.token;
    changed(grantKey, () => stored.set(grantKey, makers));
  };

  for (const record of secrets.values()) read(record);
  secrets.subscribe(({ before, after }) => {
    const gone = before?.kind === "token" ? before.token?.grantKey : undefined;
    const stays = after?.kind === "token" ? after.token?.grantKey : undefined;
    if (gone !== undefined && gone !== stays) changed(gone, () => stored.delete(gone));
    read(after);
  });

  return {
    note: (grantKey, maker) => {
      const key = makerKey(maker);
      const before = noted.get(grantKey)?.get(key);
      if (before && sameHosts(before, maker)) return before;
      changed(grantKey, () => within(noted, grantKey, () => new Map()).set(key, maker));
      return maker;
    },
    unstored: (grantKey) => lacking.has(grantKey),
    known,
    keepOnly: (grantKey, makers) =>
      changed(grantKey, () => {
        noted.set(grantKey, new Map([...makers].map((maker) => [makerKey(maker), maker])));
        if (stored.has(grantKey)) stored.set(grantKey, []);
      }),
    of: (credential, entry, namespace) => {
      const found: Made[] = [];
      for (const [placeholders, values] of byEntry.get(entryKey(credential, entry)) ?? []) {
        const present = presentValuesText(placeholders, namespace);
        for (const [grantKey, maker] of (present !== undefined && values.get(present)) || []) {
          found.push({ grantKey, maker });
        }
      }
      return found;
    },
    forget: (grantKey) => changed(grantKey, () => noted.delete(grantKey)),
  };
}

function entryKey(credential: string, entry: string): string {
  return `${credential} ${entry}`;
}

function sameHosts(one: Maker, other: Maker): boolean {
  return one.hosts.length === other.hosts.length && one.hosts.every((host, index) => host === other.hosts[index]);
}

function sameMakers(one: readonly Maker[], other: readonly Maker[]): boolean {
  const texts = new Set(one.map((maker) => JSON.stringify([makerKey(maker), maker.hosts])));
  return (
    one.length === other.length && other.every((maker) => texts.has(JSON.stringify([makerKey(maker), maker.hosts])))
  );
}

function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
