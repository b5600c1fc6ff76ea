// A scripted API server for tests, that answers request by request.
import type { ListPage, ListQuery, ListWatch, WatchEvent, WatchQuery } from "../../../src/runtime/watch/list-watch.ts";

export interface ScriptedList {
  readonly kind: "list";
  readonly query: ListQuery;
  readonly signal: AbortSignal;
  /** The whole page comes at once. */
  answer(page: ListPage & { readonly items: readonly unknown[] }): void;
  /** An item comes, and the page goes on. */
  item(object: unknown): void;
  fail(error: unknown): void;
}

export interface ScriptedWatch {
  readonly kind: "watch";
  readonly query: WatchQuery;
  readonly signal: AbortSignal;
  send(...events: WatchEvent[]): void;
  /** The server ends the stream in good order. */
  end(): void;
  fail(error: unknown): void;
}

export interface ScriptedListWatch extends ListWatch {
  /** Every request so far, but for those that ask how far the server is before a watch is taken up again. */
  readonly calls: readonly (ScriptedList | ScriptedWatch)[];
  /** The latest request, which must be a list. */
  lastList(): ScriptedList;
  /** The latest request, which must be a watch. */
  lastWatch(): ScriptedWatch;
  /** How often it was asked how far it is. */
  readonly looks: number;
  /** From now on it is as far as that; until it is told so it says what compares with nothing. Or it fails then. */
  isAt(version: string | Error): void;
}

/** Requests stay open until the test answers them or their signal aborts. */
export function scriptedListWatch(): ScriptedListWatch {
  const calls: (ScriptedList | ScriptedWatch)[] = [];
  const last = <K extends "list" | "watch">(kind: K): Extract<ScriptedList | ScriptedWatch, { kind: K }> => {
    const call = calls.at(-1);
    if (call?.kind !== kind) throw new Error(`the latest request is no ${kind} but ${call?.kind ?? "nothing"}`);
    return call as Extract<ScriptedList | ScriptedWatch, { kind: K }>;
  };
  let newest: string | Error = "unknown";
  let looks = 0;
  return {
    calls,
    get looks() {
      return looks;
    },
    isAt: (version) => void (newest = version),
    lastList: () => last("list"),
    lastWatch: () => last("watch"),
    list: (query, onItem, signal) =>
      new Promise((resolve, reject) => {
        if (query.limit === 1) {
          looks += 1;
          if (typeof newest === "string") resolve({ resourceVersion: newest });
          else reject(newest);
          return;
        }
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        const answer: ScriptedList["answer"] = ({ items, ...page }) => {
          for (const item of items) onItem(item);
          resolve(page);
        };
        calls.push({ kind: "list", query, signal, answer, item: onItem, fail: reject });
      }),
    watch: (query, onEvent, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        const send: ScriptedWatch["send"] = (...events) => {
          for (const event of events) onEvent(event);
        };
        calls.push({ kind: "watch", query, signal, send, end: resolve, fail: reject });
      }),
  };
}
