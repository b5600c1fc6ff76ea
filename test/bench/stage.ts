// The cluster that both sides of the bench work on: a real control plane with N tenant namespaces, and watches of the bench.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { type AdminClient, adminClient, type KubeObject } from "../cluster/admin-client.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { atOnce } from "./at-once.ts";
import { type Changes, changesOf } from "./changes.ts";
import { type Child, startChild } from "./child.ts";
import { type Dimensions, hostsOfSecret, oneOfEach } from "./dimensions.ts";
import type { KubeletsRequest } from "./kubelets.ts";
import { patience } from "./patience.ts";

/** How a process reaches the API server. */
export type Access = Pick<ControlPlane, "server" | "caFile" | "adminToken">;

export interface Stage {
  readonly access: Access;
  readonly cluster: ControlPlane;
  readonly admin: AdminClient;
  /** The tenants that are there all the time. */
  readonly namespaces: readonly string[];
  /** Their ServiceAccounts, as `accountKey` has them. */
  readonly accounts: readonly string[];
  readonly dimensions: Dimensions;
  readonly singleSecretWatches: number;
  readonly seen: Readonly<Record<"namespaces" | "serviceAccounts" | "operatorSecrets" | "bareSecrets", Changes>>;
  /** CPU seconds of kube-apiserver since its start. */
  apiServerCpuSeconds(): Promise<number>;
  /** Watches that the API server has dropped because they did not keep up. */
  droppedWatches(): Promise<number>;
  close(): Promise<void>;
}

export const operatorNamespace = "regcred-system";
export const credentialsPath = "/apis/regcred.dev/v1alpha1/registrycredentials";
export const operatorSecret = "regcred";
/** As long as the operator's, so that both sides send the same number of bytes. */
export const bareSecret = "compare";

const maxWatches = 1000;
const foreignSecretBytes = 10_000;

export interface StageOptions {
  readonly namespaces: number;
  readonly dimensions?: Dimensions;
  /** To which kube-apiserver and etcd are held. */
  readonly apiServerCores?: number | undefined;
  readonly log: (line: string) => void;
  readonly step: (text: string) => void;
}

/** By which the watch of the ServiceAccounts tells one from another. */
export function accountKey(namespace: string, name = "default"): string {
  return `${namespace}/${name}`;
}

/** About how many seconds each of its steps takes. */
export function stageSteps(namespaces: number, dimensions: Dimensions): readonly number[] {
  const objects = namespaces * (dimensions.serviceAccounts + 1) + dimensions.foreignSecrets;
  return [10, 2 + objects / 200, 2];
}

export async function openStage({ namespaces: count, log, step, ...options }: StageOptions): Promise<Stage> {
  const { dimensions = oneOfEach } = options;
  step("control plane");
  const cluster = await startControlPlane({ log, cores: options.apiServerCores });
  try {
    const { server, caFile, adminToken } = cluster;
    const access = { server, caFile, adminToken };
    const admin = await adminClient(cluster);
    await installCrd(admin);
    await admin.create("/api/v1/namespaces", { metadata: { name: operatorNamespace } });

    step(`${count} namespaces`);
    const namespaces = Array.from({ length: count }, (_, index) => `team-${String(index).padStart(5, "0")}`);
    await createNamespaces(admin, namespaces);
    const furtherAccounts = Array.from(
      { length: dimensions.serviceAccounts - 1 },
      (_, index) => `account-${index + 1}`,
    );
    await atOnce(
      namespaces.flatMap((namespace) => furtherAccounts.map((name) => ({ namespace, name }))),
      ({ namespace, name }) => admin.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } }),
    );
    await createForeignSecrets(admin, namespaces, dimensions.foreignSecrets);

    const watched = namespaces.slice(0, Math.floor(maxWatches / 2));
    const secrets = watched.flatMap((namespace) => [operatorSecret, bareSecret].map((name) => ({ namespace, name })));
    step(`${secrets.length} single-Secret watches`);
    const kubelets = await openKubelets(cluster, { access, secrets });
    const logins = hostsOfSecret(dimensions);
    const named = (name: string): Promise<Changes> =>
      changesOf(access, `/api/v1/secrets?fieldSelector=metadata.name%3D${name}`, { logins });
    const seen = {
      namespaces: await changesOf(access, "/api/v1/namespaces", { logins }),
      serviceAccounts: await changesOf(
        access,
        furtherAccounts.length > 0 ? "/api/v1/serviceaccounts" : defaultAccounts,
        { keyOf: ({ metadata }) => accountKey(metadata.namespace ?? "", metadata.name), logins },
      ),
      operatorSecrets: await named(operatorSecret),
      bareSecrets: await named(bareSecret),
    };
    return {
      access,
      cluster,
      admin,
      namespaces,
      accounts: namespaces.flatMap((namespace) =>
        ["default", ...furtherAccounts].map((name) => accountKey(namespace, name)),
      ),
      dimensions,
      singleSecretWatches: secrets.length,
      seen,
      apiServerCpuSeconds: async () => sumOf("process_cpu_seconds_total", await cluster.metricsText()),
      droppedWatches: async () => sumOf("apiserver_terminated_watchers_total", await cluster.metricsText()),
      close: async () => {
        await kubelets.stop();
        await Promise.all(Object.values(seen).map((changes) => changes.close()));
        await admin.close();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Every Secret of this name, in all namespaces. */
export function secretsCalled(admin: AdminClient, name: string): Promise<readonly KubeObject[]> {
  return admin.list(`/api/v1/secrets?fieldSelector=metadata.name%3D${name}`);
}

const defaultAccounts = "/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault";

async function installCrd(admin: AdminClient): Promise<void> {
  const file = new URL("../../crds/regcred.dev_registrycredentials.yaml", import.meta.url);
  await admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", parse(await readFile(file, "utf8")));
  await pollUntil(
    () =>
      admin.list(credentialsPath).then(
        () => true,
        () => false,
      ),
    { what: "the CRD to be served", limit: Temporal.Duration.from({ seconds: 30 }) },
  );
}

/** Resolves when Kubernetes, too, has done with them what it does with each. */
async function createNamespaces(admin: AdminClient, names: readonly string[]): Promise<void> {
  await atOnce(names, (name) => admin.create("/api/v1/namespaces", { metadata: { name } }));
  for (const path of [defaultAccounts, "/api/v1/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt"]) {
    await pollUntil(
      async () => {
        const objects = await admin.list(path);
        const served = new Set(objects.map(({ metadata }) => metadata.namespace));
        return names.every((name) => served.has(name));
      },
      {
        what: `an object in every namespace: ${path}`,
        limit: patience(2 * names.length),
        // Each look reads all of them.
        every: Temporal.Duration.from({ milliseconds: 500 + Math.ceil(names.length / 4) }),
      },
    );
  }
}

async function createForeignSecrets(admin: AdminClient, namespaces: readonly string[], count: number): Promise<void> {
  const stringData = { content: "x".repeat(foreignSecretBytes) };
  await atOnce(Array(count).keys(), (index) =>
    admin.create(`/api/v1/namespaces/${namespaces[index % namespaces.length]}/secrets`, {
      metadata: { name: `foreign-${index}` },
      stringData,
    }),
  );
}

async function openKubelets(cluster: ControlPlane, request: KubeletsRequest): Promise<Child> {
  const kubelets = startChild({
    script: join(import.meta.dirname, "kubelets.ts"),
    logFile: join(cluster.folder, "kubelets.log"),
  });
  await kubelets.ask(request);
  return kubelets;
}

/** Of all series of one metric in Prometheus' text format. */
function sumOf(metric: string, text: string): number {
  const values = text.split("\n").filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
