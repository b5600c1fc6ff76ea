// For which entries tokens were made, and who lives by a token of before.
import {
  type Maker,
  makerKey,
  placeholdersText,
  presentValuesText,
  roomBehind,
  sizeOf,
  valuesText,
} from "../cluster/makers.ts";
import type { NamespaceRecord, OperatorSecretRecord } from "../cluster/records.ts";
import type { Token } from "../cluster/token.ts";
import type { Store } from "../runtime/watch/store.ts";

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
  /** Those that use it, of these, as they were noted last. */
  latest(grantKey: string, using: ReadonlySet<Maker>): readonly Maker[];
  /** Of what was noted only these are known from now on; what the token Secret names stays. */
  keepOnly(grantKey: string, using: ReadonlySet<Maker>): void;
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

/** What a token Secret names, and how much more there is room for: asked for each who uses the token. */
interface Stored {
  readonly makers: ReadonlyMap<string, Maker>;
  readonly room: number;
}

/** Of one grant; each by `makerKey`. */
interface OfGrant {
  /** As the token Secret names them; undefined where there is none. */
  stored: Stored | undefined;
  /** Of this process. */
  noted: Map<string, Maker>;
  /** The Secret is to be written with one more of them. */
  missing: boolean;
}

/** Kept up to date by the store's own changes, so that one namespace's question costs a few look-ups. */
export function tokenMakers(secrets: Pick<Store<OperatorSecretRecord>, "values" | "subscribe">): TokenMakers {
  return new StoredMakers(secrets);
}

class StoredMakers implements TokenMakers {
  readonly #byGrant = new Map<string, OfGrant>();
  readonly #byEntry = new Map<string, ByValues>();

  constructor(secrets: Pick<Store<OperatorSecretRecord>, "values" | "subscribe">) {
    for (const record of secrets.values()) this.#read(this.#tokenIn(record));
    secrets.subscribe(({ before, after }) => {
      const [gone, token] = [this.#tokenIn(before)?.grantKey, this.#tokenIn(after)];
      if (gone !== undefined && gone !== token?.grantKey) {
        this.#replace(gone, (of) => {
          of.stored = undefined;
        });
      }
      this.#read(token);
    });
  }

  readonly #grant = (grantKey: string): OfGrant =>
    within(this.#byGrant, grantKey, () => ({ stored: undefined, noted: new Map(), missing: false }));

  readonly #index = (grantKey: string, maker: Maker): void => {
    const of = within(this.#byEntry, entryKey(maker.credential, maker.entry), (): ByValues => new Map());
    const values = within(of, placeholdersText(maker), (): ByText => new Map());
    within(values, valuesText(maker), () => new Map<string, Maker>()).set(grantKey, maker);
  };

  readonly #unindex = (grantKey: string, maker: Maker): void => {
    const entry = entryKey(maker.credential, maker.entry);
    const of = this.#byEntry.get(entry);
    const values = of?.get(placeholdersText(maker));
    const grants = values?.get(valuesText(maker));
    grants?.delete(grantKey);
    if (grants?.size === 0) values?.delete(valuesText(maker));
    if (values?.size === 0) of?.delete(placeholdersText(maker));
    if (of?.size === 0) this.#byEntry.delete(entry);
  };

  readonly #all = (grantKey: string): ReadonlyMap<string, Maker> => {
    const { stored, noted = [] } = this.#byGrant.get(grantKey) ?? {};
    return new Map([...(stored?.makers ?? []), ...noted]);
  };

  readonly #replace = (grantKey: string, change: (of: OfGrant) => void): void => {
    for (const maker of this.#all(grantKey).values()) this.#unindex(grantKey, maker);
    const of = this.#grant(grantKey);
    change(of);
    for (const maker of this.#all(grantKey).values()) this.#index(grantKey, maker);
    const { stored, noted } = of;
    of.missing = stored !== undefined && [...noted].some(([key, maker]) => isMissing(stored, key, maker));
    if (!stored && noted.size === 0) this.#byGrant.delete(grantKey);
  };

  readonly #tokenIn = (record: OperatorSecretRecord | undefined): Token | undefined =>
    record?.kind === "token" ? record.token : undefined;

  readonly #read = (token: Token | undefined): void => {
    if (!token) return;
    const makers = token.makers ?? [];
    this.#replace(token.grantKey, (of) => {
      of.stored = {
        makers: new Map(makers.map((maker) => [makerKey(maker), maker])),
        room: roomBehind(makers),
      };
    });
  };

  readonly note: TokenMakers["note"] = (grantKey, maker) => {
    const of = this.#grant(grantKey);
    const key = makerKey(maker);
    const before = of.noted.get(key);
    if (before && sameHosts(before, maker)) return before;
    of.noted.set(key, maker);
    this.#index(grantKey, maker);
    if (of.stored && isMissing(of.stored, key, maker)) of.missing = true;
    return maker;
  };

  readonly unstored: TokenMakers["unstored"] = (grantKey) => this.#byGrant.get(grantKey)?.missing === true;

  readonly known: TokenMakers["known"] = (grantKey) => [...this.#all(grantKey).values()];

  readonly latest: TokenMakers["latest"] = (grantKey, using) => {
    const noted = this.#byGrant.get(grantKey)?.noted;
    // Some Secrets may have been looked at last when the entry had other hosts: the latest word on it counts.
    return [...new Map([...using].map((maker) => [makerKey(maker), noted?.get(makerKey(maker)) ?? maker])).values()];
  };

  readonly keepOnly: TokenMakers["keepOnly"] = (grantKey, using) =>
    this.#replace(grantKey, (of) => {
      of.noted = new Map(this.latest(grantKey, using).map((maker) => [makerKey(maker), maker]));
    });

  readonly of: TokenMakers["of"] = (credential, entry, namespace) => {
    const found: Made[] = [];
    for (const [placeholders, values] of this.#byEntry.get(entryKey(credential, entry)) ?? []) {
      const present = presentValuesText(placeholders, namespace);
      for (const [grantKey, maker] of (present !== undefined && values.get(present)) || []) {
        found.push({ grantKey, maker });
      }
    }
    return found;
  };

  readonly forget: TokenMakers["forget"] = (grantKey) =>
    this.#replace(grantKey, (of) => {
      of.noted = new Map();
    });
}

/** It is not named, and there is room for it. */
function isMissing({ makers, room }: Stored, key: string, maker: Maker): boolean {
  const named = makers.get(key);
  if (named && named.until === undefined && sameHosts(named, maker)) return false;
  return sizeOf(maker) <= room;
}

function entryKey(credential: string, entry: string): string {
  return `${credential} ${entry}`;
}

function sameHosts(one: Maker, other: Maker): boolean {
  return one.hosts.length === other.hosts.length && one.hosts.every((host, index) => host === other.hosts[index]);
}

function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export interface KeptTokens {
  /** `items` (see `keptItem`) take the place of what the Secret lived by; returns grants by whose token nobody lives any more. */
  set(user: string, items: ReadonlySet<string>): readonly string[];
  has(user: string, item: string): boolean;
  isKept(grantKey: string): boolean;
  /** Whether somebody lives by it. */
  hasItem(grantKey: string, item: string): boolean;
  users(grantKey: string): Iterable<string>;
  /** Grant keys. */
  all(): Iterable<string>;
}

/** The token of a grant, for an entry of the RegistryCredential with this uid. */
export function keptItem(grantKey: string, credential: string, entry: string): string {
  return `${grantKey} ${credential} ${entry}`;
}

export function keptTokens(): KeptTokens {
  const users = new Map<string, Set<string>>();
  const kept = new Map<string, ReadonlySet<string>>();
  return {
    set: (user, items) => {
      if (items.size === 0 && !kept.has(user)) return [];
      const before = grantsOf(kept.get(user));
      const after = grantsOf(items);
      if (items.size > 0) kept.set(user, items);
      else kept.delete(user);
      for (const key of after) {
        const others = users.get(key);
        if (others) others.add(user);
        else users.set(key, new Set([user]));
      }
      const left: string[] = [];
      for (const key of before.difference(after)) {
        const others = users.get(key);
        others?.delete(user);
        if (others?.size !== 0) continue;
        users.delete(key);
        left.push(key);
      }
      return left;
    },
    has: (user, item) => kept.get(user)?.has(item) === true,
    isKept: (grantKey) => users.has(grantKey),
    hasItem: (grantKey, item) => [...(users.get(grantKey) ?? [])].some((user) => kept.get(user)?.has(item)),
    users: (grantKey) => users.get(grantKey) ?? [],
    all: () => users.keys(),
  };
}

/** Grant keys hold no space. */
function grantsOf(items: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  return new Set([...items].map((item) => item.slice(0, item.indexOf(" "))));
}
