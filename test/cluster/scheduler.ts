// A scheduler that gives pods their node.
import type { ControlPlane } from "./control-plane.ts";
import { ensureBinaries } from "./ensure-binaries.ts";
import { type Part, part } from "./part.ts";

/** A kube-scheduler that is not started yet. It opens no port: whether it works is seen by its work. */
export async function scheduler(
  cluster: Pick<ControlPlane, "folder" | "kubeconfig">,
  log?: (line: string) => void,
): Promise<Part> {
  const files = await ensureBinaries(["kube-scheduler"], { log });
  return part({
    name: "kube-scheduler",
    file: files["kube-scheduler"],
    folder: cluster.folder,
    arguments: [`--kubeconfig=${cluster.kubeconfig}`, "--leader-elect=false", "--secure-port=0"],
    ready: () => Promise.resolve(true),
  });
}
