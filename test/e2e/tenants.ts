// What tenants run, and how it is doing.
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../cluster/admin-client.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import type { World } from "./world.ts";

/** A Deployment of one pod in a namespace of its own. */
export interface Tenant {
  /** Resolves when its pod waits for this reason. */
  waitsFor(reason: string): Promise<void>;
  /** Resolves when its pod runs, and with the seconds that took. */
  runs(): Promise<number>;
}

// The kubelet tries a pull again after 10 s, then 20 s, then 40 s.
const patience = Temporal.Duration.from({ minutes: 2 });

/** What is read of a pod. */
export interface Pod extends KubeObject {
  readonly spec: { readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number } };
  readonly status: {
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state: { readonly waiting?: { readonly reason: string } };
    }[];
  };
}

/** Creates a namespace with the ServiceAccount that comes with it. */
export async function createNamespace({ admin }: Pick<World, "admin">, name: string): Promise<void> {
  await admin.create("/api/v1/namespaces", { metadata: { name } });
  await pollUntil(async () => await admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), {
    what: `the default ServiceAccount of ${name}`,
    limit: Temporal.Duration.from({ seconds: 30 }),
  });
}

/** Deploys the private image into a namespace that is there. The pods name the one constant, as charts may. */
export async function deploy(world: World, namespace: string): Promise<Tenant> {
  const { admin, registry } = world;
  const labels = { app: "app" };
  await admin.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: "app" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          // The program ignores SIGTERM: test/cluster/tiny-program.ts.
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          imagePullSecrets: [{ name: "regcred" }],
          // Always: each new pod asks the registry.
          containers: [{ name: "app", image: `${registry.host}/acme/app:1`, imagePullPolicy: "Always" }],
        },
      },
    },
  });
  const container = async () => {
    const pods = (await admin.list(`/api/v1/namespaces/${namespace}/pods`)) as readonly Pod[];
    return pods[0]?.status.containerStatuses?.[0];
  };
  const began = performance.now();
  return {
    waitsFor: async (reason) => {
      await pollUntil(async () => (await container())?.state.waiting?.reason === reason, {
        what: `the pod of ${namespace} to wait for ${reason}`,
        limit: patience,
      });
    },
    runs: async () => {
      await pollUntil(async () => (await container())?.ready === true, {
        what: `the pod of ${namespace} to run`,
        limit: patience,
      });
      return (performance.now() - began) / 1000;
    },
  };
}

/** New namespaces, one after the other, until it is told to stop and there are `min` of them; then gives their names. */
export function newNamespaces(world: World, prefix: string, min: number): { stop(): Promise<readonly string[]> } {
  const stopping = new AbortController();
  const making = (async () => {
    const names: string[] = [];
    while (!stopping.signal.aborted || names.length < min) {
      const name = `${prefix}-${String(names.length).padStart(3, "0")}`;
      await world.admin.create("/api/v1/namespaces", { metadata: { name } });
      names.push(name);
      await sleep(400);
    }
    return names;
  })();
  return {
    stop: () => {
      stopping.abort();
      return making;
    },
  };
}
