// Memory shares of namespaces.

export interface ShareLimits {
  /** Bytes that every namespace has, whatever the others take. */
  readonly own: number;
  /** Bytes that one namespace may take at most; what goes beyond its own comes out of the pool. */
  readonly max: number;
  /** Bytes beyond their own that all namespaces may take together. */
  readonly pool: number;
}

export interface Shares {
  /** Takes the bytes if they fit, those that were taken for the same object before being given back first. */
  take(place: string, bytes: number, before: number): boolean;
  give(place: string, bytes: number): void;
}

export function shares({ own, max, pool }: ShareLimits): Shares {
  const taken = new Map<string, number>();
  let pooled = 0;
  const set = (place: string, bytes: number): void => {
    pooled += Math.max(bytes - own, 0) - Math.max((taken.get(place) ?? 0) - own, 0);
    if (bytes > 0) taken.set(place, bytes);
    else taken.delete(place);
  };
  return {
    take: (place, bytes, before) => {
      const now = taken.get(place) ?? 0;
      const then = now - before + bytes;
      const morePooled = Math.max(then - own, 0) - Math.max(now - own, 0);
      // What gets smaller, or is needed by nobody else, always fits.
      if (then > now && (then > max || (morePooled > 0 && pooled + morePooled > pool))) return false;
      set(place, then);
      return true;
    },
    give: (place, bytes) => set(place, (taken.get(place) ?? 0) - bytes),
  };
}
