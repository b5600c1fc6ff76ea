// Reads that say whether an object was there, was not, or may not be seen.
import { ApiError } from "../runtime/client/api-error.ts";
import type { Seen } from "./seen.ts";

/** Rejects for every failure that is no refusal. */
export async function seen<T>(read: Promise<unknown>, view: (raw: unknown) => T): Promise<Seen<T>> {
  const found = await unlessForbidden(read);
  if (found.seen !== "there") return found;
  return found.value === undefined ? { seen: "absent" } : { seen: "there", value: view(found.value) };
}

/** The same of a list. */
export async function seenAll<T>(
  read: Promise<readonly unknown[]>,
  view: (raw: unknown) => T,
): Promise<Seen<readonly T[]>> {
  const found = await unlessForbidden(read);
  return found.seen === "there" ? { seen: "there", value: found.value.map(view) } : found;
}

async function unlessForbidden<T>(read: Promise<T>): Promise<Seen<T>> {
  try {
    return { seen: "there", value: await read };
  } catch (error) {
    if (error instanceof ApiError && error.kind === "forbidden") return { seen: "hidden" };
    throw error;
  }
}
