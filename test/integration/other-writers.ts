// What those write from whom people migrate: a CronJob with kubectl in it, and External Secrets.
import { systemClock } from "../../src/runtime/clock.ts";
import { type AdminClient, type KubeObject, Refused } from "../cluster/admin-client.ts";
import { loginsIn } from "./test-env.ts";

export interface Writer {
  stop(): Promise<void>;
}

const type = "kubernetes.io/dockerconfigjson";
const jobs = "/apis/batch/v1/namespaces/kube-system/jobs";
export const cronJobs = "/apis/batch/v1/namespaces/kube-system/cronjobs";
const externalSecrets = "/apis/external-secrets.io/v1/externalsecrets";

export const externalSecretsOf = (namespace: string): string =>
  `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;

export interface EcrJob {
  readonly namespaces: readonly string[];
  /** The docker config that it would get now. */
  readonly config: () => string;
}

/**
 * One run, as the scripts do it that are passed on: `kubectl delete secret`, `kubectl create secret docker-registry`,
 * `kubectl patch serviceaccount default -p '{"imagePullSecrets":[...]}'`, which sets the whole list.
 */
export async function runEcrJob(admin: AdminClient, { namespaces, config }: EcrJob): Promise<void> {
  for (const namespace of namespaces) {
    const at = `/api/v1/namespaces/${namespace}`;
    await admin.remove(`${at}/secrets/ecr-login`);
    await admin.create(`${at}/secrets`, {
      metadata: { name: "ecr-login" },
      type,
      stringData: { ".dockerconfigjson": config() },
    });
    await admin.patch(`${at}/serviceaccounts/default`, { imagePullSecrets: [{ name: "ecr-login" }] });
  }
}

/** The CronJob, and in the place of the job controller and a node one that runs the Jobs that are made of it. */
export async function ecrCronJob(admin: AdminClient, job: EcrJob): Promise<Writer> {
  await admin.create(cronJobs, {
    metadata: { name: "ecr-login" },
    spec: {
      schedule: "0 */6 * * *",
      jobTemplate: {
        spec: {
          template: {
            spec: { restartPolicy: "Never", containers: [{ name: "login", image: "registry.example.com/kubectl:1" }] },
          },
        },
      },
    },
  });
  return repeatedly(async () => {
    for (const { metadata, status } of await admin.list(jobs)) {
      if ((status as { readonly succeeded?: number }).succeeded !== undefined) continue;
      await runEcrJob(admin, job);
      const now = systemClock().now().toString({ smallestUnit: "second" });
      const met = ["SuccessCriteriaMet", "Complete"].map((each) => ({
        type: each,
        status: "True",
        lastTransitionTime: now,
      }));
      await admin.patch(`${jobs}/${metadata.name}/status`, {
        status: { startTime: now, completionTime: now, succeeded: 1, conditions: met },
      });
    }
  });
}

/** The kind, as far as anybody here reads it: https://external-secrets.io/latest/api/externalsecret/ */
export const externalSecretDefinition = {
  metadata: { name: "externalsecrets.external-secrets.io" },
  spec: {
    group: "external-secrets.io",
    scope: "Namespaced",
    names: {
      kind: "ExternalSecret",
      listKind: "ExternalSecretList",
      plural: "externalsecrets",
      singular: "externalsecret",
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

/** A docker config for whoever is in this namespace, from the vault. */
export function externalSecret(name: string): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "ClusterSecretStore", name: "vault" },
      target: { name, creationPolicy: "Owner", template: { type, data: { ".dockerconfigjson": "{{ .config }}" } } },
      data: [{ secretKey: "config", remoteRef: { key: "registry" } }],
    },
  };
}

/**
 * Keeps the target of each ExternalSecret as External Secrets does with creationPolicy Owner: its labels, its owner, the
 * content anew whenever it differs, and a Secret of somebody else left alone. What happens when an ExternalSecret is
 * deleted is the cluster's garbage collector's.
 */
export function externalSecretsOperator(admin: AdminClient, vault: () => string): Writer {
  return repeatedly(async () => {
    const selector = "labelSelector=reconcile.external-secrets.io%2Fmanaged%3Dtrue";
    const held = await admin.list(`/api/v1/secrets?${selector}`);
    const current = new Map(held.map((secret) => [`${secret.metadata.namespace}/${secret.metadata.name}`, secret]));
    const wanted = (await admin.list(externalSecrets)).filter(({ metadata }) => !metadata.deletionTimestamp);
    for (const { metadata } of wanted) {
      const found = current.get(`${metadata.namespace}/${metadata.name}`);
      if (found && JSON.stringify(loginsIn(found)) === JSON.stringify(JSON.parse(vault()).auths)) continue;
      await sync(admin, metadata, found, vault());
    }
  });
}

async function sync(
  admin: AdminClient,
  { namespace = "", name, uid }: KubeObject["metadata"],
  found: KubeObject | undefined,
  config: string,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const body = {
    metadata: {
      name,
      labels: { "reconcile.external-secrets.io/managed": "true", "reconcile.external-secrets.io/created-by": uid },
      annotations: { "reconcile.external-secrets.io/data-hash": "d41d8cd98f00b204e9800998ecf8427e" },
      ownerReferences: [
        {
          apiVersion: "external-secrets.io/v1",
          kind: "ExternalSecret",
          name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    type,
    stringData: { ".dockerconfigjson": config },
  };
  // One that is there and not its own is a conflict, which it tells in its status.
  if (!found && (await admin.get(`${path}/${name}`))) return;
  await (found ? admin.replace(`${path}/${name}`, body) : admin.create(path, body));
}

/** As controllers do, who try again: somebody else was quicker, or the API server has just begun to store this kind. */
function onlyForNow(error: unknown): void {
  if (!(error instanceof Refused && [404, 409, 429].includes(error.code))) throw error;
}

function repeatedly(round: () => Promise<void>): Writer {
  const clock = systemClock();
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await round().catch(onlyForNow);
      await clock.sleep(Temporal.Duration.from({ milliseconds: 200 }));
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
