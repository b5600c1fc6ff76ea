// The doctor on server-side appliers: ServiceAccounts that another tool applies with a list of its own, which takes the reference off each time.
import { referencesAnnotation } from "../../api/names.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { resources } from "../../cluster/resources.ts";
import { appliersIn, type FieldsEntry } from "../../cluster/managed-fields.ts";
import { managedFieldsOf } from "../../cluster/transform/managed-fields.ts";
import { annotationsOf, identityOf } from "../../runtime/watch/object-meta.ts";
import type { Session } from "../session.ts";
import { seenAll } from "../reads.ts";
import { type Finding, notSeen, well } from "./finding.ts";

interface Applied {
  readonly account: string;
  readonly managers: readonly string[];
}

const check = "applied lists";
const maxExamples = 3;

export async function appliedLists({ objects }: Pick<Session, "objects">): Promise<Finding> {
  const found = await seenAll(objects.listMetadata(resources.serviceAccounts), appliedIn);
  if (found.seen !== "there") return notSeen(check, "the ServiceAccounts of all namespaces");
  const applied = found.value.flat();
  if (applied.length === 0) return well(check, "no other tool applies the imagePullSecrets that regcred adds to");
  const some = applied
    .slice(0, maxExamples)
    .map(({ account, managers }) => `${account} by ${quotedText(managers.join(", "))}`)
    .join("; ");
  return well(
    check,
    `the imagePullSecrets of ${applied.length} ServiceAccounts are also applied by another tool (${some}${applied.length > maxExamples ? "; ..." : ""}): each time it does, regcred's reference is gone for a moment, unless the tool's list names the pull Secret too`,
  );
}

function appliedIn(raw: unknown): readonly Applied[] {
  if (annotationsOf(raw)[referencesAnnotation] === undefined) return [];
  const managers = appliersIn((managedFieldsOf(raw) ?? []).filter(ownsList));
  const { namespace, name } = identityOf(raw);
  return managers.length > 0 ? [{ account: `${namespace}/${name}`, managers }] : [];
}

function ownsList({ fieldsV1 }: FieldsEntry): boolean {
  return typeof fieldsV1 === "object" && fieldsV1 !== null && "f:imagePullSecrets" in fieldsV1;
}
