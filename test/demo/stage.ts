// What a cluster offers to the story, prepared the same way on any.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { group, plural, version } from "../../src/api/names.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import type { ClusterClient } from "./cluster-client.ts";

export interface Stage {
  readonly client: ClusterClient;
  /** As in KUBECONFIG; undefined: the user's own file. */
  readonly kubeconfig: string | undefined;
  /** Undefined: the kubeconfig's current one. */
  readonly context: string | undefined;
  readonly names: StageNames;
  /** A command that reads the RegistryCredentials without kubectl, where that is possible. */
  readonly curl: string | undefined;
}

export interface StageNames {
  /** The operator's namespace. */
  readonly system: string;
  /** Tenants are PREFIX01, PREFIX02 ... */
  readonly prefix: string;
}

export const credentialsPath = `/apis/${group}/${version}/${plural}`;
export const crdPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions`;
/** On everything that the demo makes in a cluster outside its CRD; the value is "true". */
export const demoLabel = "regcred-demo";

const crdFile = new URL("../../crds/regcred.dev_registrycredentials.yaml", import.meta.url);
const servedLimit = Temporal.Duration.from({ seconds: 30 });

export async function shippedCrd(): Promise<KubeObject> {
  return parse(await readFile(crdFile, "utf8")) as KubeObject;
}

/** Installs the CRD and waits until the API server serves it. */
export async function installCrd(client: ClusterClient): Promise<void> {
  await client.create(crdPath, await shippedCrd());
  const served = (): Promise<boolean> =>
    client.list(credentialsPath).then(
      () => true,
      () => false,
    );
  await pollUntil(served, { what: "the API server to serve RegistryCredentials", limit: servedLimit });
}

/** Names such as team-01, with as many digits as the largest number has, at least two. */
export function tenantNames(prefix: string, count: number): readonly string[] {
  const digits = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(digits, "0")}`);
}

export async function createNamespace(client: ClusterClient, name: string): Promise<KubeObject> {
  return await client.create("/api/v1/namespaces", { metadata: { name, labels: { [demoLabel]: "true" } } });
}

/** What the API server calls its release, such as v1.37.0. */
export async function serverVersion(client: ClusterClient): Promise<string> {
  return ((await client.get("/version")) as unknown as { readonly gitVersion: string }).gitVersion;
}
