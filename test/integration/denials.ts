// A policy of the cluster that refuses some of the operator's requests, and only these, for a while.
import { admissionSettled } from "../cluster/admission-settled.ts";
import { operatorUser } from "./installed.ts";
import type { TestEnv } from "./test-env.ts";

export interface Denial {
  /** `secrets`, `registrycredentials/status`. */
  readonly resource: string;
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  /** Which of them, in CEL; all, if absent. */
  readonly which?: string;
}

/** Called as the policy is, which a message should name. */
export const changeControl = "change-control";

const admission = "/apis/admissionregistration.k8s.io/v1";
const paths = ["validatingadmissionpolicybindings", "validatingadmissionpolicies"].map(
  (kind) => `${admission}/${kind}/${changeControl}`,
);

/** From then on the operator is refused; what is in flight may still pass. */
export async function deny({ admin }: Pick<TestEnv, "admin">, { resource, operations, which }: Denial): Promise<void> {
  const matchConditions = [
    { name: "operator", expression: `request.userInfo.username == '${operatorUser.name}'` },
    ...(which === undefined ? [] : [{ name: "which", expression: which }]),
  ];
  await admin.create(`${admission}/validatingadmissionpolicies`, {
    metadata: { name: changeControl },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], operations, resources: [resource] }],
      },
      matchConditions,
      validations: [{ expression: "false", message: "not in this window" }],
    },
  });
  await admin.create(`${admission}/validatingadmissionpolicybindings`, {
    metadata: { name: changeControl },
    spec: { policyName: changeControl, validationActions: ["Deny"] },
  });
  await admissionSettled(admin);
}

/** Takes the policy away, if there is one. */
export async function allow({ admin }: Pick<TestEnv, "admin">): Promise<void> {
  for (const path of paths) await admin.remove(path);
  await admissionSettled(admin);
}
