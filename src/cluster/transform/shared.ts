// Shares equal values of many records in memory.
import { LRUCache } from "lru-cache";

/** The value made for an equal key before, else a new one. */
export type Shared<V> = (key: string, make: () => V) => V;

// Values that are equal everywhere are few; those that differ everywhere would fill any table.
// With 8 KiB of JSON each, the most that a Secret's metadata may be, the table stays below 2 MiB.
const maxEntries = 256;

/** A table of shared values. It only saves memory: whether a value is found in it makes no difference to its user. */
export function shared<V extends string | object>(): Shared<V> {
  const table = new LRUCache<string, V>({ max: maxEntries });
  return (key, make) => {
    const known = table.get(key);
    if (known !== undefined) return known;
    const value = make();
    table.set(key, value);
    return value;
  };
}
