// A linked list whose items leave it from the middle without a search.

export interface Linked<T> {
  /** The links of its list, kept by `append`, `prepend` and `unlink`. */
  previous: T | undefined;
  next: T | undefined;
}

export interface List<T> {
  first: T | undefined;
  last: T | undefined;
}

export function emptyList<T>(): List<T> {
  return { first: undefined, last: undefined };
}

export function append<T extends Linked<T>>(list: List<T>, item: T): void {
  item.previous = list.last;
  item.next = undefined;
  if (list.last) list.last.next = item;
  else list.first = item;
  list.last = item;
}

export function prepend<T extends Linked<T>>(list: List<T>, item: T): void {
  item.previous = undefined;
  item.next = list.first;
  if (list.first) list.first.previous = item;
  else list.last = item;
  list.first = item;
}

export function unlink<T extends Linked<T>>(list: List<T>, item: T): void {
  if (item.previous) item.previous.next = item.next;
  else list.first = item.next;
  if (item.next) item.next.previous = item.previous;
  else list.last = item.previous;
  item.previous = undefined;
  item.next = undefined;
}
