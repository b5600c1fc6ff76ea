// Waits until the API server enforces the ValidatingAdmissionPolicies that are stored now.
import { randomBytes } from "node:crypto";
import { type AdminClient, Refused } from "./admin-client.ts";
import { pollUntil } from "./poll-until.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";
const limit = Temporal.Duration.from({ minutes: 1 });

/**
 * It compiles all of them together, a moment after one has changed. So one more, which refuses one ConfigMap that nobody
 * makes, marks the moment: when it refuses, those before it are in force, and those that were taken away before are not.
 */
export async function admissionSettled(admin: AdminClient): Promise<void> {
  const name = `settled-${randomBytes(4).toString("hex")}`;
  const policies = `${admission}/validatingadmissionpolicies`;
  const bindings = `${admission}/validatingadmissionpolicybindings`;
  await admin.create(policies, {
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
      matchConditions: [{ name: "marker", expression: `object.metadata.name == '${name}'` }],
      validations: [{ expression: "false" }],
    },
  });
  await admin.create(bindings, { metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } });
  const isRefused = (): Promise<boolean> =>
    admin.create("/api/v1/namespaces/default/configmaps?dryRun=All", { metadata: { name } }).then(
      () => false,
      (error: unknown) => {
        if (error instanceof Refused && error.code === 422) return true;
        throw error;
      },
    );
  await pollUntil(isRefused, { what: "the admission policies to be in force", limit });
  await admin.remove(`${bindings}/${name}`);
  await admin.remove(`${policies}/${name}`);
}
