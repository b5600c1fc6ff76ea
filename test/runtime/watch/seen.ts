// A store for a test that only says what is in it. All of it is known.
import { knownAbsent, type Sighting } from "../../../src/runtime/watch/presence.ts";

export function seen<R>(
  get: (key: string) => R | undefined,
  values: () => Iterable<R> = () => [],
): {
  readonly get: (key: string) => R | undefined;
  readonly values: () => Iterable<R>;
  readonly look: (key: string) => Sighting<R>;
  readonly find: (matches: (record: R) => boolean) => Sighting<R>;
} {
  const sighting = (record: R | undefined): Sighting<R> => (record ? { kind: "there", record } : knownAbsent);
  return {
    get,
    values,
    look: (key) => sighting(get(key)),
    find: (matches) => sighting([...values()].find(matches)),
  };
}
