// A Map of which there are thousands, most of them with one entry: JavaScript's own takes 184 bytes for that, this one 48.

export class SmallMap<K, V> {
  // The only entry; of none the value is undefined, as of more than one, which are in the other.
  #key: K | undefined;
  #value: V | undefined;
  #more: Map<K, V> | undefined;

  get size(): number {
    if (this.#more) return this.#more.size;
    return this.#value === undefined ? 0 : 1;
  }

  /** Undefined where there is none: it is no value. */
  get(key: K): V | undefined {
    if (this.#more) return this.#more.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V & {}): this {
    if (this.#more) this.#more.set(key, value);
    else if (this.#value === undefined || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#more = new Map([
        [this.#key as K, this.#value],
        [key, value],
      ]);
      this.#key = undefined;
      this.#value = undefined;
    }
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    const more = this.#more;
    more?.delete(key);
    if (more && more.size > 1) return true;
    const [left = []] = more ?? [];
    this.#more = undefined;
    [this.#key, this.#value] = left;
    return true;
  }

  /** As they are at that moment, in the order in which they came. */
  entries(): readonly (readonly [K, V])[] {
    if (this.#more) return [...this.#more];
    return this.#value === undefined ? [] : [[this.#key as K, this.#value]];
  }

  keys(): readonly K[] {
    if (this.#more) return [...this.#more.keys()];
    return this.#value === undefined ? [] : [this.#key as K];
  }

  values(): readonly V[] {
    if (this.#more) return [...this.#more.values()];
    return this.#value === undefined ? [] : [this.#value];
  }
}
