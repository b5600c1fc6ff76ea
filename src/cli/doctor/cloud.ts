// The doctor on clouds: whether they know the operator, and nobody else.
import { resources } from "../../cluster/resources.ts";
import { providers } from "../../providers/index.ts";
import { isCloud } from "../../providers/kinds.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Session } from "../session.ts";
import { seenAll } from "../reads.ts";
import { bad, type Finding, notSeen, unknown, well } from "./finding.ts";
import type { Named } from "./install-names.ts";
import { kubectl } from "../../runtime/steps.ts";

/** A node that may pull by itself lets each pod on it pull, whatever its namespace was granted. */
export async function nodesPullNothing({ objects }: Session, records: readonly CredentialRecord[]): Promise<Finding> {
  const check = "nodes";
  const ofCloud = records
    .flatMap(({ credential }) => credential?.spec.registries ?? [])
    .filter((entry) => isCloud(providers, entry.provider) && JSON.stringify(entry).includes("$(namespace."));
  if (ofCloud.length === 0) return well(check, "no credential gives each tenant a cloud role of its own");
  const found = await seenAll(objects.list(resources.nodes), (raw) => {
    const { spec } = raw as { readonly spec?: { readonly providerID?: string } };
    return spec?.providerID?.split(":")[0] ?? "";
  });
  if (found.seen !== "there") return notSeen(check, "Nodes");
  const clouds = [...new Set(found.value)].filter((cloud) => cloud !== "");
  if (clouds.length === 0) return well(check, "no node belongs to a cloud");
  return unknown(
    check,
    `nodes belong to ${clouds.join(", ")}, and what their own identity may pull cannot be seen from here; if it may pull these images, roles for each tenant (${ofCloud.map(({ name }) => name).join(", ")}) keep nobody apart: take that right from it`,
    kubectl`get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID`,
  );
}

/** Where the operator's own identity is asked, its ServiceAccount must have one, or the place where it runs. */
export async function operatorHasIdentity(
  { objects, operatorNamespace, names }: Session & Named,
  records: readonly CredentialRecord[],
): Promise<Finding> {
  const check = "cloud identity";
  const entries = records
    .flatMap(({ credential }) => credential?.spec.registries ?? [])
    .filter(({ provider, identity }) => isCloud(providers, provider) && identity.from === "Operator");
  if (entries.length === 0) return well(check, "no entry asks for the operator's own");
  const failing = records.flatMap(({ credential }) =>
    (credential?.status?.registries ?? []).filter(
      ({ name, failing: count }) => count > 0 && entries.some((entry) => entry.name === name),
    ),
  );
  const [first] = failing;
  if (first) return bad(check, `${first.name}: ${first.reason}: ${first.message}`, kubectl`regcred status`);
  const account = await objects.getMetadata(resources.serviceAccounts, {
    namespace: operatorNamespace,
    name: names.serviceAccount,
  });
  return well(
    check,
    `the operator's own serves ${entries.map(({ name }) => name).join(", ")}${account === undefined ? `, without a ServiceAccount ${names.serviceAccount}` : ""}`,
  );
}
