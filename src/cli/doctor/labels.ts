// The doctor on labels that choose a login: whether only those write them who may choose logins.
import { namedLabels } from "../../api/named-labels.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Session } from "../session.ts";
import { bad, type Finding, notSeen, unknown, well } from "./finding.ts";
import type { Named } from "./install-names.ts";
import { type LabelGuard, labelGuard } from "./label-guard.ts";
import { type NamespaceWriters, namespaceWriters } from "./namespace-writers.ts";

const check = "labels";

// The API server itself sets it to the name of the Namespace, and lets nobody write another value:
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
const ownedByApiServer = "kubernetes.io/metadata.name";

/** Who may write a label that a placeholder names chooses the tenant's login; one that a selector names, whether it has any. */
export async function labelsAreGuarded(
  session: Session & Named,
  records: readonly CredentialRecord[],
): Promise<readonly Finding[]> {
  const named = records.flatMap(({ credential }) => (credential ? [...namedLabels(credential.spec)] : []));
  const labels = [...new Set(named)].filter((label) => label !== ownedByApiServer);
  if (labels.length === 0)
    return [well(check, "no credential selects by a Namespace's label, or takes a value from one")];
  const guard = await labelGuard(session);
  if (!guard) return [notSeen(check, "ValidatingAdmissionPolicies")];
  const writers = await namespaceWriters(session);
  const found = labels.map((label) => ({ label, finding: guarded(guard, label, writers) }));
  const open = found.filter(({ finding }) => finding === undefined).map(({ label }) => label);
  const findings = found.flatMap(({ finding }) => finding ?? []);
  return open.length === 0 ? findings : [...findings, unguarded(guard, open, writers)];
}

function guarded(guard: LabelGuard, label: string, writers: NamespaceWriters): Finding | undefined {
  if (guard.labels.includes(label)) {
    const { groups } = guard;
    const who = [...(groups.length > 0 ? [`the group ${groups.join(" or ")}`] : []), administratorsIn(writers)];
    return well(check, `${label} can be changed only by ${who.join(", and by ")}`);
  }
  const others = guard.othersThatSpeakOf(label);
  if (others.length === 0) return undefined;
  return well(check, `ValidatingAdmissionPolicy ${others.join(", ")} speaks of ${label}; see whom it lets through`);
}

function unguarded(guard: LabelGuard, labels: readonly string[], writers: NamespaceWriters): Finding {
  const { subjects, hidden } = writers;
  const unread = hidden.length > 0 ? `${hidden.join(", ")} could not be read` : "";
  const which = labels.join(", ");
  if (subjects.length > 0) {
    return bad(
      check,
      `no admission policy guards ${which}, and who may change a Namespace chooses its login: ${listed(subjects)}${unread === "" ? "" : `; ${unread}`}`,
      ...guard.commandsFor(labels),
    );
  }
  if (unread !== "")
    return unknown(check, `no admission policy guards ${which}, and who may change it is not known: ${unread}`);
  return well(check, `RBAC lets nobody change ${which} but ${administratorsIn(writers)}`);
}

function administratorsIn({ administrators }: NamespaceWriters): string {
  const who = "whoever may update RegistryCredentials";
  return administrators.length === 0 ? who : `${who} (${listed(administrators)})`;
}

const maxNamed = 5;

function listed(subjects: readonly string[]): string {
  const more = subjects.length > maxNamed ? ` and ${subjects.length - maxNamed} more` : "";
  return `${subjects.slice(0, maxNamed).join(", ")}${more}`;
}
