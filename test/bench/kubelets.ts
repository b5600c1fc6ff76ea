// The load of the kubelets' watches on the API server: one HTTP/2 connection per node, one watch per Secret.
import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { answerParent } from "./answer-parent.ts";
import type { Access } from "./stage.ts";

export interface KubeletsRequest {
  readonly access: Access;
  readonly secrets: readonly { readonly namespace: string; readonly name: string }[];
}

// Half of the 100 streams that the API server allows on one connection: --http2-max-streams-per-connection.
const watchesPerNode = 50;

/** Resolves when the API server has answered; then reads and forgets. */
function watch(session: ClientHttp2Session, token: string, namespace: string, name: string): Promise<void> {
  const stream = session.request({
    ":path": `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3D${name}&watch=true&allowWatchBookmarks=true&timeoutSeconds=3600`,
    authorization: `Bearer ${token}`,
    // As kubelets speak: staging/src/k8s.io/kubelet, --kube-api-content-type.
    accept: "application/vnd.kubernetes.protobuf;stream=watch",
  });
  stream.resume();
  return new Promise((resolve, reject) => {
    stream.once("response", ({ ":status": status }) => {
      if (status === 200) resolve();
      else reject(new Error(`the watch of ${namespace}/${name} was answered with ${String(status)}`));
    });
    stream.once("error", reject);
  });
}

answerParent(async ({ access, secrets }: KubeletsRequest) => {
  const ca = readFileSync(access.caFile);
  for (let from = 0; from < secrets.length; from += watchesPerNode) {
    const session = connect(access.server, { ca });
    const own = secrets.slice(from, from + watchesPerNode);
    await Promise.all(own.map(({ namespace, name }) => watch(session, access.adminToken, namespace, name)));
  }
});
