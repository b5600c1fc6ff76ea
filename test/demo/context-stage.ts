// Plays the demo on a cluster that the user has, and leaves it as it was.
import { isDeepStrictEqual } from "node:util";
import { systemClock } from "../../src/runtime/clock.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import { group, plural } from "../../src/api/names.ts";
import { type Connection, loadConnection } from "../../src/runtime/client/connection.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { type ClusterClient, clusterClient } from "./cluster-client.ts";
import { credentialName } from "./manifest.ts";
import type { Player } from "./player.ts";
import { credentialsPath, crdPath, demoLabel, installCrd, serverVersion, shippedCrd, type Stage } from "./stage.ts";

export interface ContextOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string;
  readonly namespaces: number;
  /** Whether the user agrees. Asked before anything is sent to the cluster. */
  readonly agree: (question: string) => Promise<boolean>;
  readonly play: Player;
  readonly cleanup: AsyncDisposableStack;
  /** Told what is being removed. */
  readonly removing: (text: string) => void;
}

/** The demo does not touch this cluster. The message says why, and what would help. */
export class DemoRefused extends Error {
  override readonly name = "DemoRefused";
}

const namespacePrefix = "regcred-demo-";
const names = { system: `${namespacePrefix}system`, prefix: namespacePrefix };
const crdName = `${plural}.${group}`;
// How long the operator may take to remove what it wrote, before the demo lets go of its own RegistryCredential by force.
const drainLimit = Temporal.Duration.from({ seconds: 60 });
// Namespaces with nothing but ServiceAccounts go at the pace of the namespace controller, some ten a second by default.
const namespacesLimit = Temporal.Duration.from({ minutes: 5 });
const every = Temporal.Duration.from({ milliseconds: 500 });

/**
 * Makes sure that nothing of the user's is touched, and installs the CRD where it is missing; `cleanup` takes it all away.
 * Throws DemoRefused.
 */
export async function contextStage(options: ContextOptions): Promise<Stage> {
  const { kubeconfig, context, play, cleanup } = options;
  const connection = connectionTo(kubeconfig, context);
  const question = `Play the demo on context ${context}, ${connection.server}? It makes ${options.namespaces + 2} namespaces called ${namespacePrefix}*, one RegistryCredential, and the CRD if it is missing; all of it is removed at the end.`;
  if (!(await options.agree(question))) throw new DemoRefused("nothing was done: not agreed to");

  const client = clusterClient(connection);
  cleanup.defer(() => client.close());
  await play.prepare("cluster", `looking at ${connection.server}`, async () => {
    const version = await serverVersion(client);
    await expectNothingOfOurs(client);
    return {
      value: undefined,
      text: `Kubernetes ${version} answers on ${connection.server}; it has no RegistryCredentials and no namespaces ${namespacePrefix}*.`,
    };
  });
  await play.prepare("crd", "installing the CRD", async () => {
    if (await client.get(`${crdPath}/${crdName}`)) {
      return {
        value: undefined,
        text: "The kind RegistryCredential is known to the cluster already, exactly as in crds/; it stays.",
      };
    }
    cleanup.defer(() => removeCrd(client, options.removing));
    await installCrd(client);
    return { value: undefined, text: "crds/ is installed: the cluster knows the kind RegistryCredential now." };
  });
  cleanup.defer(() => removeNamespaces(client, options.removing));
  return { client, kubeconfig, context, names, curl: undefined };
}

/** While the operator still runs: it takes away what it wrote. */
export async function removeCredential(
  client: ClusterClient,
  removing: (text: string) => void,
  operatorRuns: () => boolean,
): Promise<void> {
  const path = `${credentialsPath}/${credentialName}`;
  if (!(await client.get(path))) return;
  removing(`RegistryCredential ${credentialName}`);
  await client.remove(path);
  const isGone = async (): Promise<boolean> => !operatorRuns() || (await client.get(path)) === undefined;
  await pollUntil(isGone, { what: `RegistryCredential ${credentialName} to go`, limit: drainLimit, every }).catch(
    () => undefined,
  );
  // By force where the operator has not done it: the namespaces with what it wrote go next, so nothing is left behind.
  if (await client.get(path)) await client.patch(path, { metadata: { finalizers: null } });
}

function connectionTo(kubeconfig: string | undefined, context: string): Connection {
  try {
    return loadConnection({ kubeconfig, context });
  } catch (error) {
    if (error instanceof OperatorError) throw new DemoRefused(error.message, { cause: error });
    throw error;
  }
}

async function expectNothingOfOurs(client: ClusterClient): Promise<void> {
  const leftover = (await client.list("/api/v1/namespaces")).filter(({ metadata }) =>
    metadata.name.startsWith(namespacePrefix),
  );
  if (leftover.length > 0) {
    throw new DemoRefused(
      `the cluster has namespaces called ${namespacePrefix}* already (${listed(leftover)}); if an earlier demo was killed and left them: kubectl delete namespace -l ${demoLabel}=true`,
    );
  }
  const installed = await client.get(`${crdPath}/${crdName}`);
  if (!installed) return;
  const existing = await client.list(credentialsPath);
  if (existing.length > 0) {
    const ours = existing.some(({ metadata }) => metadata.name === credentialName);
    const advice = ours
      ? `; if an earlier demo was killed and left ${credentialName}: kubectl patch ${plural} ${credentialName} --type=merge -p '{"metadata":{"finalizers":null}}' && kubectl delete ${plural} ${credentialName}`
      : "";
    throw new DemoRefused(
      `the cluster has RegistryCredentials already (${listed(existing)}), on which the demo's operator would act${advice}`,
    );
  }
  // What the API server would make of ours, defaults filled in, is what it has if the schemas are equal.
  const ours = { ...(await shippedCrd()), metadata: installed.metadata };
  const would = await client.replaceDry(`${crdPath}/${crdName}`, ours);
  if (!isDeepStrictEqual(would["spec"], installed["spec"])) {
    throw new DemoRefused(
      `the cluster's CRD ${crdName} differs from crds/: bring it up to date (kubectl apply -f crds/) or choose another cluster`,
    );
  }
}

function listed(objects: readonly KubeObject[]): string {
  const names = objects.slice(0, 3).map(({ metadata }) => metadata.name);
  return `${names.join(", ")}${objects.length > names.length ? ` and ${objects.length - names.length} more` : ""}`;
}

async function removeNamespaces(client: ClusterClient, removing: (text: string) => void): Promise<void> {
  const remaining = async (): Promise<readonly string[]> =>
    (await client.list("/api/v1/namespaces", { labelSelector: `${demoLabel}=true` }))
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith(namespacePrefix));
  const found = await remaining();
  if (found.length === 0) return;
  removing(`${found.length} namespaces ${namespacePrefix}*`);
  await Promise.all(found.map((name) => client.remove(`/api/v1/namespaces/${name}`)));
  const began = systemClock().elapsed();
  const areGone = async (): Promise<boolean> => {
    const left = (await remaining()).length;
    if (left > 0 && systemClock().elapsed() - began > every.total("milliseconds"))
      removing(`namespaces ${namespacePrefix}*: ${left} to go`);
    return left === 0;
  };
  await pollUntil(areGone, {
    what: `the namespaces to go; look with: kubectl get namespaces -l ${demoLabel}=true`,
    limit: namespacesLimit,
    every,
  });
}

async function removeCrd(client: ClusterClient, removing: (text: string) => void): Promise<void> {
  const path = `${crdPath}/${crdName}`;
  if (!(await client.get(path))) return;
  const others = await client.list(credentialsPath);
  if (others.length > 0) {
    removing(
      `nothing of CRD ${crdName}: somebody has made ${others.length} RegistryCredentials meanwhile, so it stays`,
    );
    return;
  }
  removing(`CRD ${crdName}`);
  await client.remove(path);
  await pollUntil(async () => (await client.get(path)) === undefined, {
    what: `CRD ${crdName} to go`,
    limit: drainLimit,
    every,
  });
}
