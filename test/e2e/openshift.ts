// Makes pods run as OpenShift's restricted-v2 lets them: with a user of the namespace's own range.
import type { AdminClient } from "../cluster/admin-client.ts";
import { pollUntil } from "../cluster/poll-until.ts";

/** https://docs.openshift.com/container-platform/latest/authentication/managing-security-context-constraints.html: the first range. */
export const assignedUser = 1_000_680_000;

const path = "/apis/admissionregistration.k8s.io/v1";
const name = "restricted-v2";

/** Pods of the namespace that name no user get `assignedUser`, with the group of its image's user list: none, so 0. */
export async function assignUsers(admin: AdminClient, namespace: string): Promise<void> {
  await admin.create(`${path}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      failurePolicy: "Fail",
      reinvocationPolicy: "Never",
      matchConstraints: {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      },
      matchConditions: [{ name: "no-user", expression: "!has(object.spec.securityContext.runAsUser)" }],
      mutations: [
        {
          patchType: "ApplyConfiguration",
          applyConfiguration: {
            expression: `Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: ${assignedUser}, fsGroup: ${assignedUser}}}}`,
          },
        },
      ],
    },
  });
  await admin.create(`${path}/mutatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name } });
  const probe = { metadata: { name: "probe" }, spec: { containers: [{ name: "probe", image: "probe" }] } };
  await pollUntil(
    async () => {
      // Refused at first: a new namespace has no ServiceAccount.
      const pod = await admin.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, probe).catch(() => undefined);
      return JSON.stringify(pod?.["spec"] ?? {}).includes(String(assignedUser));
    },
    { what: "pods to get a user", limit: Temporal.Duration.from({ seconds: 30 }) },
  );
}
