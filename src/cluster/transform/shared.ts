// Shares equal values of many records in memory.

/** The value made for an equal key before, else a new one. */
export type Shared<V> = (key: string, make: () => V) => V;

// Values that are equal everywhere are few; those that differ everywhere would fill any table. So it is simply emptied.
// With 8 KiB of JSON each, the most that a Secret's metadata may be, the table stays below 2 MiB.
const maxEntries = 256;

/** A table of shared values. It only saves memory: whether a value is found in it makes no difference to its user. */
export function shared<V>(): Shared<V> {
  const table = new Map<string, V>();
  return (key, make) => {
    const known = table.get(key);
    if (known !== undefined) return known;
    if (table.size === maxEntries) table.clear();
    const value = make();
    table.set(key, value);
    return value;
  };
}
