// The doctor on a right that is left over from an uninstall which failed before its Job could run.
import { resources } from "../../cluster/resources.ts";
import { seen } from "../explain/seen.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { Session } from "../session.ts";
import { bad, type Finding, notSeen, well } from "./finding.ts";

/** Of the ClusterRole and ClusterRoleBinding that the chart's hook makes and takes away again. */
const name = "regcred-drain";

export async function noDrainRightsLeft({ objects }: Pick<Session, "objects">): Promise<Finding> {
  const check = "drain";
  const found = await seen(objects.getMetadata(resources.clusterRoleBindings, { name }), () => true);
  if (found.seen === "hidden") return notSeen(check, "ClusterRoleBindings");
  return found.seen === "absent"
    ? well(check, "no right to delete RegistryCredentials is left of an uninstall")
    : bad(
        check,
        `the ClusterRoleBinding ${name} lets the ServiceAccount of an uninstall delete every RegistryCredential; unless one runs at this moment, it has failed and is to be taken away`,
        kubectl`delete clusterrolebinding,clusterrole ${name} --ignore-not-found`,
      );
}
