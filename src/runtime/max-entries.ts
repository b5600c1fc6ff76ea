// Options of an LRUCache that bound its number of entries without reserving room for all of them.

const one = (): number => 1;

/** As options of the cache. Its own `max` would take the room of all of them at once, which is a megabyte for each of some caches. */
export function maxEntries(count: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: count, sizeCalculation: one };
}
