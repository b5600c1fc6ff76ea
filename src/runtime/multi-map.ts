// A multimap of which most keys have one value: that one is kept bare, where a Set of one takes 152 bytes.

/** A key has a value only once. No value is a Set. */
export class MultiMap<K, V extends string | symbol | object> {
  readonly #values = new Map<K, V | Set<V>>();

  /** Keys that have any. */
  get size(): number {
    return this.#values.size;
  }

  keys(): Iterable<K> {
    return this.#values.keys();
  }

  /** As they are at that moment, in the order in which they came. */
  of(key: K): readonly V[] {
    const known = this.#values.get(key);
    if (known === undefined) return [];
    return known instanceof Set ? [...known] : [known];
  }

  has(key: K, value: V): boolean {
    const known = this.#values.get(key);
    return known instanceof Set ? known.has(value) : known === value;
  }

  add(key: K, value: V): this {
    const known = this.#values.get(key);
    if (known instanceof Set) known.add(value);
    else if (known === undefined) this.#values.set(key, value);
    else if (known !== value) this.#values.set(key, new Set([known, value]));
    return this;
  }

  delete(key: K, value: V): void {
    const known = this.#values.get(key);
    if (!(known instanceof Set)) {
      if (known === value) this.#values.delete(key);
      return;
    }
    known.delete(value);
    if (known.size === 1) for (const left of known) this.#values.set(key, left);
  }

  /** All of the key. */
  forget(key: K): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}
