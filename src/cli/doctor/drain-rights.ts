// The doctor on a right that is left over from an uninstall which failed before its Job could run.
import { resources } from "../../cluster/resources.ts";
import { identityOf } from "../../runtime/watch/object-meta.ts";
import { seenAll } from "../reads.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { Session } from "../session.ts";
import { bad, type Finding, notSeen, well } from "./finding.ts";
import { partOfSelector } from "./install-names.ts";

/** With it end the names of the ClusterRole and the ClusterRoleBinding that the chart's hook makes and takes away again. */
const suffix = "-drain";

export async function noDrainRightsLeft({ objects }: Pick<Session, "objects">): Promise<Finding> {
  const check = "drain";
  const listing = { labelSelector: partOfSelector };
  // Of any install: one that is gone has left no name by which to ask.
  const found = await seenAll(
    objects.listMetadata(resources.clusterRoleBindings, listing),
    (raw) => identityOf(raw).name,
  );
  if (found.seen !== "there") return notSeen(check, "ClusterRoleBindings");
  const name = found.value.find((each) => each.endsWith(suffix));
  return name === undefined
    ? well(check, "no right to delete RegistryCredentials is left of an uninstall")
    : bad(
        check,
        `the ClusterRoleBinding ${name} lets the ServiceAccount of an uninstall delete every RegistryCredential; unless one runs at this moment, it has failed and is to be taken away`,
        kubectl`delete clusterrolebinding,clusterrole ${name} --ignore-not-found`,
      );
}
