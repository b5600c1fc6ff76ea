// A cluster of the demo's own.
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { clusterClient } from "./cluster-client.ts";
import { orInterrupted } from "./interruption.ts";
import type { Crew } from "./player.ts";
import { credentialsPath, installCrd, serverVersion, type Stage } from "./stage.ts";

/** Starts a control plane; `cleanup` ends it. */
export async function ownStage({ play, cleanup, signal }: Crew): Promise<Stage> {
  // Tells its progress itself, should it have to download or build.
  await orInterrupted(signal, ensureBinaries(["etcd", "kube-apiserver", "kube-controller-manager", "registry"]));
  const { cluster, client } = await play.prepare("control-plane", "starting Kubernetes", async () => {
    const cluster = await orInterrupted(signal, startControlPlane());
    cleanup.defer(() => cluster.stop());
    const client = clusterClient(loadConnection({ kubeconfig: cluster.kubeconfig }));
    cleanup.defer(() => client.close());
    const version = await serverVersion(client);
    return {
      value: { cluster, client },
      text: `Kubernetes ${version} runs on ${cluster.server}: a real API server with etcd and controllers, but no nodes.`,
    };
  });
  await play.prepare("crd", "installing the CRD", async () => {
    await installCrd(client);
    return { value: undefined, text: "crds/ is installed: the cluster knows the kind RegistryCredential now." };
  });
  const names = { system: "regcred-system", prefix: "team-" };
  return { client, kubeconfig: cluster.kubeconfig, context: undefined, names, curl: curlFor(cluster) };
}

/** The token is read from the file in which the API server has it, so that none is printed. */
function curlFor({ folder, caFile, server }: ControlPlane): string {
  return `curl --cacert ${caFile} -H "Authorization: Bearer $(cut -d, -f1 ${folder}/tokens.csv)" ${server}${credentialsPath}`;
}
