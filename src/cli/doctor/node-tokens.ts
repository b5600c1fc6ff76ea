// The doctor on kubelets: whether they may ask for the tokens of ServiceAccounts that a file of nodes wants.
import { ApiError } from "../../runtime/client/api-error.ts";
import { typedApi } from "../../runtime/client/typed-api.ts";
import { jsonValue, kubectl } from "../../runtime/steps.ts";
import { readNodeFile } from "../credential-provider/read-node-file.ts";
import type { Session } from "../session.ts";
import { bad, type Finding, notSeen, well } from "./finding.ts";

/** That of config/nodes. */
const clusterRole = "regcred-node-audiences";

/**
 * An audience that no pod of the node has in a volume is one that RBAC must grant to the node, as a resource of this name:
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction. Throws ConfigError.
 */
export async function kubeletsMayAsk({ transport }: Pick<Session, "transport">, path: string): Promise<Finding> {
  const check = "node tokens";
  const { audience } = await readNodeFile(path);
  if (audience === undefined) return well(check, `${path} serves nodes themselves, and wants no tokens of pods`);
  try {
    const { status } = await typedApi(transport).authorization.createSubjectAccessReview({
      body: {
        spec: {
          // Whichever node it is: rights are given to their group.
          user: "system:node:any",
          groups: ["system:nodes", "system:authenticated"],
          resourceAttributes: { verb: "request-serviceaccounts-token-audience", group: "", resource: audience },
        },
      },
    });
    if (status?.allowed === true) return well(check, `kubelets may ask for tokens for ${audience}`);
  } catch (error) {
    if (error instanceof ApiError && error.kind === "forbidden") return notSeen(check, "what kubelets may do");
    throw error;
  }
  const patch = [{ op: "add", path: "/rules/0/resources/-", value: audience }];
  return bad(
    check,
    `the group system:nodes may not ask for tokens of every ServiceAccount for ${audience}, which ${path} wants: a kubelet gets one only where a pod of its node has this audience in a volume, and pulls without a login elsewhere`,
    kubectl`apply -k config/nodes`,
    kubectl`patch clusterrole ${clusterRole} --type=json -p ${jsonValue(patch)}`,
  );
}
