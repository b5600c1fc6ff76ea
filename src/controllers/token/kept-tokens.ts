// Which Secrets live by a token whose grant the entry renders no more that it was made for?
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
