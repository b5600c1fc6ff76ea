// Puts the cluster back to an earlier state, as an administrator does who restores etcd from a backup.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";

export interface EtcdBackup {
  /**
   * etcd stops, has the data of then, versions included, and starts again. The API server and the controllers are started anew,
   * as Kubernetes asks for it, or go on with what they remember, which nobody should let them do:
   * https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#restoring-an-etcd-cluster
   */
  restore(others: "start anew" | "go on"): Promise<void>;
}

/** All but etcd. */
export async function startAnew({ apiServer, controllers }: ControlPlane): Promise<void> {
  await Promise.all([apiServer.kill(), controllers.kill()]);
  await apiServer.start();
  await controllers.start();
}

/** What etcd holds at this moment. The folder goes with that of the cluster. */
export async function backUpEtcd(cluster: ControlPlane): Promise<EtcdBackup> {
  const { etcd, folder } = cluster;
  const data = join(folder, "etcd");
  const copy = join(folder, "etcd-backup");
  await rm(copy, { recursive: true, force: true });
  // As it would stand there after a crash, from which etcd recovers.
  etcd.pause();
  try {
    await cp(data, copy, { recursive: true });
  } finally {
    etcd.resume();
  }
  return {
    restore: async (others) => {
      if (others === "start anew") await cluster.apiServer.kill();
      await etcd.kill();
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
      await etcd.start();
      if (others === "start anew") await startAnew(cluster);
    },
  };
}
