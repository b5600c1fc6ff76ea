// Listeners of changes: each is told, even when another one fails.

export interface Listeners<T> {
  /** Each in turn, synchronously. */
  readonly tell: (news: T) => void;
  /** Returns the way to end that. */
  readonly subscribe: (listener: (news: T) => void) => () => void;
}

/** @param failed told what a listener threw, for nobody else hears of it; the other listeners go on */
export function listeners<T>(failed: (error: unknown) => void): Listeners<T> {
  const all = new Set<(news: T) => void>();
  return {
    tell: (news) => {
      for (const listener of all) {
        try {
          listener(news);
        } catch (error) {
          failed(error);
        }
      }
    },
    subscribe: (listener) => {
      all.add(listener);
      return () => {
        all.delete(listener);
      };
    },
  };
}
