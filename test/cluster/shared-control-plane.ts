// A control plane that the test files of one process share, one after the other, and that each finds as if it were new.
import { truncate } from "node:fs/promises";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { type Rewind, rewindable } from "./rewind.ts";

interface Shared {
  readonly cluster: ControlPlane;
  readonly rewind: Rewind;
  readonly pids: readonly (number | undefined)[];
}

// The watchdog ends it with the process.
let idle: Shared | undefined;

/**
 * One that nobody uses any more, or a new one that has been prepared. `stop` gives it back; if a part of it was stopped
 * meanwhile, or it cannot become what it was, it ends.
 */
export async function sharedControlPlane(prepare: (cluster: ControlPlane) => Promise<void>): Promise<ControlPlane> {
  const lent = idle ?? (await started(prepare));
  idle = undefined;
  let returning: Promise<void> | undefined;
  return { ...lent.cluster, stop: () => (returning ??= giveBack(lent)) };
}

async function started(prepare: (cluster: ControlPlane) => Promise<void>): Promise<Shared> {
  const cluster = await startControlPlane({ auditLog: true });
  try {
    await prepare(cluster);
    return { cluster, rewind: await rewindable(cluster), pids: pidsOf(cluster) };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function giveBack(lent: Shared): Promise<void> {
  const { cluster, rewind, pids } = lent;
  if (!idle && pidsOf(cluster).join() === pids.join() && (await rewind.rewind().catch(() => false))) {
    await truncate(cluster.auditLog ?? "");
    idle ??= lent;
    if (idle === lent) return;
  }
  await rewind.close();
  await cluster.stop();
}

function pidsOf({ etcd, apiServer, controllers }: ControlPlane): readonly (number | undefined)[] {
  return [etcd, apiServer, controllers].map((part) => {
    part.resume();
    return part.pid();
  });
}
