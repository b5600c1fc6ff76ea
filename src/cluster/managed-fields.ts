// Reads managedFields: who else keeps an object by applying it, and whether regcred stands in their way.
import { managedBy } from "../api/names.ts";

/** An entry of `metadata.managedFields` as it is on the wire. */
export type FieldsEntry = Readonly<Record<string, unknown>>;

/**
 * Somebody else applies the object. A field whose value we have changed is ours until it is given up, and whoever applies another
 * value then, without force, is refused (409): https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
 * hindered: we own fields of it.
 */
export type OthersApply = "unhindered" | "hindered";

// They own what they apply by updates for as long as they apply it client-side, and take it along when that ends:
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply
const clientSideAppliers = new Set<unknown>(["kubectl-client-side-apply", "helm", "argocd-controller"]);

/** Undefined where nobody else applies it. Whoever may write the object can say anything here: see `fieldsOfOthers`. */
export function othersApply(entries: readonly FieldsEntry[]): OthersApply | undefined {
  if (!entries.some(isAppliers)) return undefined;
  return entries.some(isOurs) ? "hindered" : "unhindered";
}

/**
 * What is to be sent as `managedFields`, so that nothing is ours and what others apply is theirs: their entries from before our
 * write, or those of now. A lie in them gives nobody anything: who may write an object may force any apply of it.
 */
export function fieldsOfOthers(entries: readonly FieldsEntry[]): readonly FieldsEntry[] {
  return entries.filter((entry) => !isOurs(entry));
}

/** Some field of it is as regcred has written it. Whoever may write the object can say so, and say otherwise. */
export function writtenByUs(entries: readonly FieldsEntry[]): boolean {
  return entries.some(isOurs);
}

/** Names of those who apply it, as they call themselves. */
export function appliersIn(entries: readonly FieldsEntry[]): readonly string[] {
  return [...new Set(entries.filter(isAppliers).map(({ manager }) => String(manager)))];
}

function isOurs({ manager, operation, subresource }: FieldsEntry): boolean {
  return manager === managedBy && operation === "Update" && !isText(subresource);
}

function isAppliers({ manager, operation, subresource }: FieldsEntry): boolean {
  if (manager === managedBy || isText(subresource)) return false;
  return operation === "Apply" || clientSideAppliers.has(manager);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
