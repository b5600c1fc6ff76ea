// Transform of managedFields: who applies an object.
import { isObject } from "../../runtime/json-object.ts";
import { type FieldsEntry, fieldsOfOthers, type OthersApply, othersApply, writtenByUs } from "../managed-fields.ts";
import { limits } from "../object-limits.ts";
import { listOf, metadataOf } from "../../runtime/watch/object-meta.ts";

/** For a record, as `appliedIn`. */
export function writtenIn(raw: unknown): { readonly writtenByUs?: true } {
  return writtenByUs(managedFieldsOf(raw) ?? []) ? { writtenByUs: true } : {};
}

/** For a record: nothing where nobody else applies the object, or nobody can tell. */
export function appliedIn(raw: unknown): { readonly othersApply?: OthersApply } {
  const found = othersApply(managedFieldsOf(raw) ?? []);
  return found === undefined ? {} : { othersApply: found };
}

/**
 * Of an object that was read whole, what is to be sent: see `fieldsOfOthers`. Undefined where some did not come, nobody else applies
 * it, or nobody else has a field, for an empty list would say nothing.
 */
export function othersFieldsIn(raw: unknown): readonly FieldsEntry[] | undefined {
  const entries = managedFieldsOf(raw) ?? [];
  const others = othersApply(entries) === undefined ? [] : fieldsOfOthers(entries);
  return others.length > 0 ? others : undefined;
}

/** Undefined where there are more than anybody looks at, or one was too large to come. */
export function managedFieldsOf(raw: unknown): readonly FieldsEntry[] | undefined {
  const entries = listOf(metadataOf(raw)["managedFields"], "managedFields");
  return entries.length <= limits.managers && entries.every(isObject) ? entries : undefined;
}
