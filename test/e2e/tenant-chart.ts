// Installs a tenant's own chart, whose ServiceAccount has a list of pull Secrets.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pollUntil } from "../cluster/poll-until.ts";
import type { Pod } from "./tenants.ts";
import type { World } from "./world.ts";

/** A release in a namespace of its own. */
export interface TenantRelease {
  /** Installs the chart, or replaces what is installed, with this list. */
  apply(references: readonly string[]): Promise<void>;
  /** Back to the release of this number. */
  rollback(revision: number): Promise<void>;
  /** Of the ServiceAccount, as it is now. */
  readonly references: () => Promise<readonly string[]>;
  /** Resolves once a new pod of the ServiceAccount, which names no pull Secret itself, runs the private image. */
  pulls(pod: string): Promise<void>;
}

const account = "app";
const limit = Temporal.Duration.from({ seconds: 60 });

/** @param flags of `helm upgrade`, which say how it applies */
export async function tenantRelease(
  { admin, helm, registry, cluster }: World,
  namespace: string,
  flags: readonly string[],
): Promise<TenantRelease> {
  const folder = join(cluster.folder, "charts", namespace);
  await mkdir(join(folder, "templates"), { recursive: true });
  await writeFile(join(folder, "Chart.yaml"), `apiVersion: v2\nname: ${account}\nversion: 0.1.0\n`);
  const template = `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${account}
imagePullSecrets: {{ .Values.references | toJson }}
`;
  await writeFile(join(folder, "templates", "account.yaml"), template);
  const release = [account, "--namespace", namespace];
  const serviceAccount = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}`;
  return {
    apply: async (references) => {
      const list = JSON.stringify(references.map((name) => ({ name })));
      const values = ["--set-json", `references=${list}`];
      await helm("upgrade", "--install", ...release, folder, ...values, ...flags);
    },
    rollback: async (revision) => {
      await helm("rollback", ...release, String(revision));
    },
    references: async () => {
      const { imagePullSecrets = [] } = ((await admin.get(serviceAccount)) ?? {}) as {
        readonly imagePullSecrets?: readonly { readonly name: string }[];
      };
      return imagePullSecrets.map(({ name }) => name);
    },
    pulls: async (pod) => {
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const image = `${registry.host}/acme/app:1`;
      await admin.create(pods, {
        metadata: { name: pod },
        spec: {
          serviceAccountName: account,
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [{ name: "app", image, imagePullPolicy: "Always" }],
        },
      });
      await pollUntil(
        async () => ((await admin.get(`${pods}/${pod}`)) as Pod | undefined)?.status.phase === "Running",
        { what: `the pod ${namespace}/${pod} to run`, limit },
      );
    },
  };
}
