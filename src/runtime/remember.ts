// A bounded map for what is remembered of any number of subjects.

/** At most so many; the one that was noted first is forgotten. */
export function remember<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size > max) map.delete(oldest);
}
