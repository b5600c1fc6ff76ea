// The doctor on orphans: pull Secrets that list only credentials that are gone, and their removal, references first.
import { credentialsAnnotation, managedBy, managedByLabel, referencesAnnotation } from "../../api/names.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { clusterObjects } from "../../cluster/cluster-objects.ts";
import { resources } from "../../cluster/resources.ts";
import { planReferences } from "../../controllers/service-account/plan.ts";
import type { CredentialRecord, ServiceAccountRecord } from "../../cluster/records.ts";
import { annotationsOf, identityOf } from "../../runtime/watch/object-meta.ts";
import { transformServiceAccount } from "../../cluster/transform/service-account.ts";
import type { Session } from "../session.ts";
import { seenAll } from "../reads.ts";
import { bad, type Finding, notSeen, well } from "./finding.ts";
import { kubectl } from "../../runtime/steps.ts";

interface Orphan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly credentials: string;
}

const check = "orphans";

export async function orphansFound(
  session: Session,
  records: readonly CredentialRecord[],
  fix: boolean,
): Promise<Finding> {
  const existing = new Set(records.map(({ name }) => name));
  const labelSelector = `${managedByLabel}=${managedBy}`;
  const found = await seenAll(session.objects.listMetadata(resources.secrets, { labelSelector }), (raw): Orphan[] => {
    const credentials = annotationsOf(raw)[credentialsAnnotation];
    const isOrphan = credentials !== undefined && credentials.split(",").every((name) => !existing.has(name));
    return isOrphan ? [{ ...identityOf(raw), credentials }] : [];
  });
  if (found.seen !== "there") return notSeen(check, "the Secrets of all namespaces");
  const orphans = found.value.flat();
  if (orphans.length === 0) return well(check, "no pull Secret is left of a credential that is gone");
  if (fix) for (const orphan of orphans) await remove(session, orphan);
  const examples = orphans
    .slice(0, 3)
    .map(({ namespace, name, credentials }) => `${namespace}/${name} of ${quotedText(credentials)}`);
  const list = `${examples.join(", ")}${orphans.length > examples.length ? ", ..." : ""}`;
  return fix
    ? well(check, `${orphans.length} removed with their references: ${list}`)
    : bad(
        check,
        `${orphans.length} pull Secrets are left of credentials that are gone without a drain (${list}); a credential of the same name takes them back`,
        kubectl`regcred doctor --fix`,
      );
}

async function remove(
  { objects, transport }: Session,
  { namespace, name, uid, resourceVersion }: Orphan,
): Promise<void> {
  const api = clusterObjects(transport);
  const accounts = await objects.list(resources.serviceAccounts, { namespace });
  for (const account of accounts.map(transformServiceAccount(Infinity))) await unrefer(api, account, name);
  // Changed meanwhile, it may be somebody's again: then it is refused, and stays.
  await api.deleteSecret(namespace, name, { uid, resourceVersion });
}

async function unrefer(
  api: ReturnType<typeof clusterObjects>,
  serviceAccount: ServiceAccountRecord,
  name: string,
): Promise<void> {
  const plan = planReferences({
    serviceAccount,
    references: undefined,
    secrets: [
      {
        name,
        wanted: false,
        usable: false,
        leaving: true,
        foreign: false,
        served: false,
        retained: false,
        frozen: false,
      },
    ],
    extras: [],
    formerExtras: new Set(),
    unjudged: new Set(),
  });
  if (plan.kind !== "patch") return;
  const { resourceVersion } = serviceAccount;
  await api.patchServiceAccount(serviceAccount.namespace, serviceAccount.name, {
    metadata: { resourceVersion, annotations: { [referencesAnnotation]: plan.record } },
    imagePullSecrets: plan.references.map((reference) => ({ name: reference })),
  });
}
