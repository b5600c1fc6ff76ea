// Puts a control plane back to what it was, without a restart.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { adminClient } from "./admin-client.ts";
import { admissionSettled } from "./admission-settled.ts";
import type { ControlPlane } from "./control-plane.ts";
import { etcdKeys } from "./etcd-keys.ts";

export interface Rewind {
  /**
   * Takes away what has been stored since and puts back what was there, below the API server, which hears of it as of any
   * other change. False where that does not do, or does not come to rest: then only a new control plane will.
   */
  rewind(): Promise<boolean>;
  close(): Promise<void>;
}

const everything = "/registry/";
// Renewed all the time, or kept right by the API server itself.
const restless = /^\/registry\/(?:leases\/kube-|masterleases\/|peerserverleases\/|apiregistration\.k8s\.io\/)/;
// What the API server or its admission makes of these lasts a moment that nothing marks the end of.
const lasting =
  /^\/registry\/(?:mutatingadmissionpolic|mutatingwebhook|validatingwebhook|prioritylevel|flowschemas|ranges\/)/;
const definitions = "/registry/apiextensions.k8s.io/customresourcedefinitions/";
const policies = "/registry/validatingadmissionpolic";
const namespaces = "/registry/namespaces/";
// Controllers may still have something under way, which they try to write into namespaces that are gone.
const rounds = 50;
const pause = 50;

/** Remembers what is stored now. */
export async function rewindable(cluster: ControlPlane): Promise<Rewind> {
  const keys = etcdKeys(join(cluster.folder, "etcd.sock"));
  const revisions = new Map(await keys.revisions(everything));
  const values = await keys.values(everything);

  /** What is there too much, and what is lacking or another. */
  const differences = async (): Promise<{ readonly surplus: string[]; readonly lost: string[] }> => {
    const now = await keys.revisions(everything);
    const steady = (key: string): boolean => !restless.test(key);
    return {
      surplus: [...now.keys()].filter((key) => !revisions.has(key) && steady(key)),
      lost: [...revisions.keys()].filter((key) => now.get(key) !== revisions.get(key) && steady(key)),
    };
  };

  const rewind = async (): Promise<boolean> => {
    let guarded = false;
    let restful = 0;
    for (let round = 0; round < rounds && restful < 2; round += 1) {
      const { surplus, lost } = await differences();
      if (surplus.some((key) => lasting.test(key)) || lost.some((key) => lasting.test(key))) return false;
      if (lost.some((key) => key.startsWith(definitions))) return false;
      guarded ||= [...surplus, ...lost].some((key) => key.startsWith(policies));
      // A namespace first: nothing can be made in it any more.
      const [first, then] = [true, false].map((is) => surplus.filter((key) => key.startsWith(namespaces) === is));
      await keys.remove(first ?? []);
      await keys.remove(then ?? []);
      for (const key of lost) revisions.set(key, await keys.put(key, values.get(key) ?? ""));
      restful = surplus.length + lost.length === 0 ? restful + 1 : 0;
      await sleep(pause);
    }
    if (restful < 2) return false;
    if (guarded) {
      const admin = await adminClient(cluster);
      try {
        await admissionSettled(admin);
      } finally {
        await admin.close();
      }
      return await rewind();
    }
    return true;
  };

  return { rewind, close: () => keys.close() };
}
