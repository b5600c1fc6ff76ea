// The items on one page of a list.
import type { ListPage, ListQuery, ListWatch } from "../../../src/runtime/watch/list-watch.ts";

const never = new AbortController().signal;

/** The page with its items. */
export async function itemsOf(
  source: ListWatch,
  query: ListQuery,
): Promise<ListPage & { readonly items: readonly unknown[] }> {
  const items: unknown[] = [];
  const page = await source.list(query, (item) => items.push(item), never);
  return { items, ...page };
}
