// Records by key and by index value, within the memory share of each.
import { MultiMap } from "../multi-map.ts";
import type { StoredObject } from "./object-meta.ts";
import { type ShareLimits, shares } from "./shares.ts";

export interface IndexOptions<R> {
  /** The value by which `byIndex` finds a record. It must never change for a key. */
  readonly indexBy?: (record: R) => string | undefined;
  /** What the records of one index value may take together; what does not fit is not kept. Left out: there is no limit. */
  readonly share?: { readonly limits: ShareLimits; readonly bytesOf: (record: R) => number };
}

export interface IndexedRecords<R extends StoredObject> {
  get(key: string): R | undefined;
  values(): Iterable<R>;
  readonly size: number;
  byIndex(value: string): readonly R[];
  /** Takes the place of the one of the same key. Where it does not fit, nothing changes, and the full index value is returned. */
  set(record: R): string | undefined;
  delete(record: R): void;
}

export function indexedRecords<R extends StoredObject>({ indexBy, share }: IndexOptions<R>): IndexedRecords<R> {
  const room = share && shares(share.limits);
  const bytesOf = (record: R | undefined): number => (record && share ? share.bytesOf(record) : 0);
  const records = new Map<string, R>();
  const index = new MultiMap<string, string>();

  return {
    get: (key) => records.get(key),
    values: () => records.values(),
    get size() {
      return records.size;
    },
    byIndex: (value) => index.of(value).flatMap((key) => records.get(key) ?? []),
    set: (record) => {
      const { key } = record;
      const before = records.get(key);
      const value = indexBy?.(record);
      if (room && value !== undefined && !room.take(value, bytesOf(record), bytesOf(before))) return value;
      records.set(key, record);
      if (before || value === undefined) return undefined;
      index.add(value, key);
      return undefined;
    },
    delete: (record) => {
      const { key } = record;
      records.delete(key);
      const value = indexBy?.(record);
      if (value === undefined) return;
      room?.give(value, bytesOf(record));
      index.delete(value, key);
    },
  };
}
