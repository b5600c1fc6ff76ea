// What all histories of the threat test share: one installed operator as a program of its own, its witness, a tenant's client,
// bystanders, and a canary that tells how soon other tenants are served.
import { readFile } from "node:fs/promises";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AdminClient, adminClient, type KubeObject } from "../cluster/admin-client.ts";
import { nodeOptions } from "../node-options.ts";
import { loginText } from "../threats/judge.ts";
import { pullSecretNames } from "../threats/steps.ts";
import { type Replica, startReplica } from "./replica.ts";
import { rbac } from "./rights.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";
import { type Witness, witness } from "./threat-witness.ts";

/** Namespaces of other tenants: enough for a removal that the removal guard holds. */
export const bystanders: readonly string[] = Array.from(
  { length: 14 },
  (_, index) => `by-${String(index).padStart(2, "0")}`,
);

/** How long another tenant waited for a new login, or for its first one. */
export interface Wait {
  readonly what: string;
  readonly since: number;
  readonly milliseconds: number;
}

export interface Stage {
  readonly world: TestEnv;
  /** With the rights of a tenant: everything in its own namespaces. Claims what it writes. */
  readonly tenant: AdminClient;
  /** The administrator's, which claims what it writes, too. */
  readonly admin: AdminClient;
  readonly witness: Witness;
  /** Makes a namespace, which the tenant then owns. */
  ownedByTenant(namespace: string): Promise<void>;
  /** Ends the operator and starts it again. */
  restart(killed: boolean): Promise<void>;
  /** Each process that there was. */
  readonly replicas: readonly Replica[];
  /** Ends that nobody asked for. */
  readonly crashes: readonly string[];
  /** The operator is being started. */
  restarting(): boolean;
  readonly waits: readonly Wait[];
  /** Most that its process has had at once, in bytes; undefined where the machine does not tell. */
  peak(): Promise<number | undefined>;
  close(): Promise<void>;
}

const clock = systemClock();
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
// A fault that holds others up for longer is found as well, as that.
const canaryLimit = seconds(60);
const canaryPause = Temporal.Duration.from({ milliseconds: 500 });
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/regcred`;

export async function threatStage(): Promise<Stage> {
  const world = await testEnv({ install: { pullSecretNames } });
  const seen = await witness(world.cluster);
  const admin = claiming(world.admin, seen, "administrator");
  const tenant = claiming(await tenantClient(world), seen, "tenant");
  const replicas: Replica[] = [];
  const crashes: string[] = [];
  let restarts: Promise<void> | undefined;
  const ended = new WeakSet<Replica>();

  const start = async (): Promise<void> => {
    const kubeconfig = `${world.cluster.folder}/kubeconfig-operator`;
    const replica = await startReplica(kubeconfig, operatorNamespace, {
      // A leak ends it, rather than the machine.
      nodeOptions: [...nodeOptions, "--max-old-space-size=256"],
      flags: ["--pull-secret-names", pullSecretNames.join(), "--log-level", "info"],
    });
    replicas.push(replica);
    void replica.exitCode.then((code) => {
      if (!ended.has(replica)) crashes.push(`the operator ended with ${code}: ${replica.complaint().slice(-1000)}`);
    });
    await replica.untilLogged("started");
  };
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const replica = replicas.at(-1);
    if (!replica || ended.has(replica)) return;
    ended.add(replica);
    replica.child.kill(signal);
    await replica.exitCode;
  };
  const restart = async (killed: boolean): Promise<void> => {
    await end(killed ? "SIGKILL" : "SIGTERM");
    // A dead leader is waited for until its lease has run out, 15 s: nothing is learned from that here.
    if (killed) await world.admin.remove(leasePath);
    await start();
    // It has begun to work, not only to watch: whom it serves was last stored up to a second before a crash.
    const rounds = canary.rounds();
    await eventually("it works", () => Promise.resolve(canary.rounds() > rounds + 1));
  };

  await start();
  await world.namespaces(bystanders, { labels: { kind: "bystander" } });
  const canary = await startCanary({ world, admin, witness: seen, restarting: () => restarts !== undefined });
  return {
    world,
    tenant,
    admin,
    witness: seen,
    replicas,
    crashes,
    ownedByTenant: (namespace) => ownedByTenant(world, tenant, namespace),
    restarting: () => restarts !== undefined,
    // Two at once are one.
    restart: (killed) => (restarts ??= restart(killed).finally(() => (restarts = undefined))),
    waits: canary.waits,
    peak: async () => {
      const pid = replicas.at(-1)?.child.pid;
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
    },
    close: async () => {
      await canary.stop();
      await end("SIGTERM");
      await seen[Symbol.asyncDispose]();
      await tenant.close();
      await world.close();
    },
  };
}

/** A ServiceAccount that may do everything, in the namespaces in which it is bound, and nothing else. */
async function tenantClient({ admin, cluster }: TestEnv): Promise<AdminClient> {
  await admin.create("/api/v1/namespaces", { metadata: { name: "mallory" } });
  await admin.create("/api/v1/namespaces/mallory/serviceaccounts", { metadata: { name: "mallory" } });
  await admin.create(`${rbac}/clusterroles`, {
    metadata: { name: "all-of-a-namespace" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  const { status } = await admin.create("/api/v1/namespaces/mallory/serviceaccounts/mallory/token", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {},
  });
  return await adminClient({ ...cluster, adminToken: (status as { token: string }).token });
}

async function ownedByTenant({ admin }: TestEnv, tenant: AdminClient, namespace: string): Promise<void> {
  await admin.create("/api/v1/namespaces", { metadata: { name: namespace } });
  await admin.create(`${rbac}/namespaces/${namespace}/rolebindings`, {
    metadata: { name: "owner" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "all-of-a-namespace" },
    subjects: [{ kind: "ServiceAccount", name: "mallory", namespace: "mallory" }],
  });
  await eventually(`the tenant owns ${namespace}`, () =>
    tenant.list(`/api/v1/namespaces/${namespace}/secrets`).then(
      () => true,
      () => false,
    ),
  );
}

let nonce = 0;

/**
 * A client whose writes the witness knows by their versions. Each leaves another annotation, so that none changes nothing:
 * the answer would be the version of whoever wrote before.
 */
function claiming(client: AdminClient, seen: Witness, author: "tenant" | "administrator"): AdminClient {
  const claimed = async (written: Promise<KubeObject>): Promise<KubeObject> => {
    const object = await written;
    seen.claim(object.metadata.resourceVersion, author);
    return object;
  };
  const signed = (body: object): object => {
    const { metadata, ...rest } = body as KubeObject;
    nonce += 1;
    const annotations = { ...metadata?.annotations, "threat.example.com/write": String(nonce) };
    return { ...rest, metadata: { ...metadata, annotations } };
  };
  return {
    ...client,
    create: (path, body) => claimed(client.create(path, signed(body))),
    replace: (path, body) => claimed(client.replace(path, signed(body))),
    patch: (path, body) => claimed(client.patch(path, signed(body))),
    remove: async (path, options) => {
      seen.claimDeletion((await client.get(path))?.metadata.uid);
      await client.remove(path, options);
    },
  };
}

/** Another tenant, with a credential of its own: it is given a new login, and another namespace, all the time. */
async function startCanary({
  world,
  admin,
  witness,
  restarting,
}: Pick<Stage, "world" | "admin" | "witness" | "restarting">): Promise<{
  readonly waits: readonly Wait[];
  /** How often it has been served. */
  rounds(): number;
  stop(): Promise<void>;
}> {
  const waits: Wait[] = [];
  const stopped = new AbortController();
  let generation = 0;
  let rounds = 0;
  const rotate = async (): Promise<void> => {
    generation += 1;
    const password = loginText({ credential: "canary", namespace: "", generation });
    await world.source("canary", { username: "canary", password });
  };
  const has = (namespace: string, min: number): boolean =>
    witness
      .secret(namespace, "regcred")
      ?.logins.some((login) => login.credential === "canary" && login.generation >= min) === true;
  const measure = async (what: string, done: () => boolean): Promise<void> => {
    const since = clock.elapsed();
    let undisturbed = !restarting();
    await eventually(
      what,
      () => {
        undisturbed &&= !restarting();
        return Promise.resolve(done() || stopped.signal.aborted);
      },
      canaryLimit,
    ).catch(() => undefined);
    if (undisturbed && !stopped.signal.aborted) waits.push({ what, since, milliseconds: clock.elapsed() - since });
  };
  const go = async (): Promise<void> => {
    for (let round = 1; !stopped.signal.aborted; round += 1) {
      await rotate();
      await measure("a rotation", () => has("canary-0", generation));
      rounds += 1;
      if (round % 3 === 0) {
        const name = `canary-${round}`;
        await admin.create("/api/v1/namespaces", { metadata: { name } });
        await measure("a new namespace", () => has(name, 1));
        await admin.remove(`/api/v1/namespaces/${name}`);
      }
      await clock.sleep(canaryPause, stopped.signal).catch(() => undefined);
    }
  };
  await rotate();
  await admin.create("/api/v1/namespaces", { metadata: { name: "canary-0" } });
  await world.credential(
    "canary",
    staticSpec("canary", { hosts: ["canary.example.com"], namespaces: { include: ["canary-*"] } }),
  );
  await eventually("the canary is served", () => Promise.resolve(has("canary-0", 1)));
  const running = go();
  return {
    waits,
    rounds: () => rounds,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
