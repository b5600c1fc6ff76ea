// The doctor on the label guard: which labels of Namespaces an admission policy guards, and for whom.
import type { Session } from "../session.ts";
import { type Command, jsonValue, kubectl } from "../../runtime/steps.ts";
import { admission, listIn } from "./admission.ts";
import type { Named } from "./install-names.ts";

export interface LabelGuard {
  /** Labels that our policy refuses to all but those groups and administrators; none where it is not in force. */
  readonly labels: readonly string[];
  readonly groups: readonly string[];
  /** Other policies in force whose text has this label: what they refuse is not known. */
  othersThatSpeakOf(label: string): readonly string[];
  /** What makes it guard these labels as well. */
  commandsFor(labels: readonly string[]): readonly Command[];
}

/** Undefined where policies may not be read. */
export async function labelGuard(session: Pick<Session, "objects"> & Named): Promise<LabelGuard | undefined> {
  // The one of config/admission/labels.
  const policyName = `${session.names.prefix}-labels`;
  const found = await admission(session);
  if (!found) return undefined;
  const { policies, enforces } = found;
  const own = policies.find(({ metadata }) => metadata.name === policyName);
  const listed = own ? listIn(own, "labels") : [];
  const isInForce = enforces(policyName);
  return {
    labels: isInForce ? listed : [],
    groups: own ? listIn(own, "groups") : [],
    othersThatSpeakOf: (label) =>
      policies
        .filter((policy) => policy !== own && enforces(policy.metadata.name))
        .filter((policy) => JSON.stringify(policy.spec).includes(label))
        .map(({ metadata }) => metadata.name),
    commandsFor: (wanted) => [
      ...(isInForce ? [] : [kubectl`apply -k config/admission/labels`]),
      listPatch(policyName, [...new Set([...listed, ...wanted])]),
    ],
  };
}

function listPatch(policyName: string, labels: readonly string[]): Command {
  // JSON's strings are CEL's.
  const patch = [{ op: "replace", path: "/spec/variables/0/expression", value: JSON.stringify(labels) }];
  return kubectl`patch validatingadmissionpolicy ${policyName} --type=json -p ${jsonValue(patch)}`;
}
