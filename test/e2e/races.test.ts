// Tests that a pod that is applied together with its Namespace runs without being recreated, whatever the operator does meanwhile.
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addedReferencesAnnotation } from "../../src/api/names.ts";
import { median, percentile } from "../bench/statistics.ts";
import { type AdminClient, adminClient } from "../cluster/admin-client.ts";
import { thisPlatform } from "../cluster/catalogue.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { demandHost, nodeTools } from "../cluster/node-host.ts";
import { type KubeNode, startNode } from "../cluster/node.ts";
import { outputOf } from "../cluster/output-of.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { tinyProgram } from "../cluster/tiny-program.ts";
import { type Replica, startReplica } from "../integration/replica.ts";
import { clear, type Race, race, type RaceResult } from "./races.ts";
import { system } from "./ways.ts";

const root = join(import.meta.dirname, "../..");
const owner = { username: "owner", password: "made-up-owner-password" };
const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
const apiVersion = "regcred.dev/v1alpha1";
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

// The table of docs/nodes.md is made with 50, and written to the file. Without a number it is about what becomes of the pods, and
// about as many minutes as people wait for.
const racesAsked = process.env["REGCRED_RACES"];
const runs = Number(racesAsked ?? "3");
const report = process.env["REGCRED_RACES_REPORT"];

/** When the operator begins to serve: it runs already, or is started so long after the first apply. */
const operators = [
  { name: "running", late: undefined },
  { name: "5 s late", late: seconds(5) },
  ...(racesAsked === undefined ? [] : [{ name: "stopped, started after 30 s", late: seconds(30) }]),
];

describe("one file with a Namespace and a Deployment", { timeout: 20 * 60_000 }, () => {
  const opened = new AsyncDisposableStack();
  let cluster: ControlPlane;
  let admin: AdminClient;
  let node: KubeNode;
  let registry: Registry;
  let operator: Replica | undefined;
  let kubectl: (...args: readonly string[]) => Promise<string>;

  beforeAll(async () => {
    await demandHost(nodeTools);
    const binaries = await ensureBinaries(["kubectl"]);
    cluster = await startControlPlane({ controllerArguments: ["--controllers=deployment-controller"] });
    opened.defer(() => cluster.stop());
    kubectl = (...args) => outputOf(binaries.kubectl, [...args, `--kubeconfig=${cluster.kubeconfig}`]);
    admin = await adminClient(cluster);
    opened.defer(() => admin.close());
    registry = await startRegistry({ auth: { kind: "htpasswd", users: [{ name: owner.username, ...owner }] } });
    opened.defer(() => registry.stop());
    const open = await startRegistry({ auth: { kind: "none" } });
    opened.defer(() => open.stop());
    const { arch } = thisPlatform();
    const program = { content: tinyProgram(arch), arch };
    await pushImage(open, "pause", "1", undefined, program);
    await pushImage(registry, "acme/app", "1", owner, program);
    await kubectl("apply", "-f", join(root, "crds"));
    await kubectl("create", "namespace", system);
    const login = ["--from-literal=username=owner", `--from-literal=password=${owner.password}`];
    await kubectl("create", "secret", "generic", "hub", `--namespace=${system}`, ...login);
    await kubectl("create", "namespace", "race-probe");
    await kubectl("create", "serviceaccount", "probe", "--namespace=race-probe");
    node = await startNode({ cluster, pauseImage: `${open.host}/pause:1`, podRange: "198.19.78.0/24" });
    opened.defer(() => node.stop());
    opened.defer(() => stopOperator());
  }, 10 * 60_000);
  afterAll(() => opened.disposeAsync());

  const startOperator = async (): Promise<void> => {
    operator = await startReplica(cluster.kubeconfig, system, { flags: ["--pod-recovery", "true"], logLevel: "info" });
    await operator.untilLogged("leading");
  };
  const stopOperator = async (): Promise<void> => {
    operator?.child.kill("SIGTERM");
    await operator?.exitCode;
    operator = undefined;
  };

  const credential = async (podRecovery: "Evict" | "None"): Promise<void> => {
    const spec = {
      registries: [{ name: "hub", provider: "Static", hosts: [registry.host], static: { secretName: "hub" } }],
      namespaces: { include: ["race-*", "once"] },
      podRecovery,
    };
    if (await admin.get(`${credentials}/races`)) await admin.patch(`${credentials}/races`, { spec });
    else await admin.create(credentials, { apiVersion, kind: "RegistryCredential", metadata: { name: "races" }, spec });
  };

  const policyIsInForce = async (): Promise<boolean> => {
    const pod = await admin.create("/api/v1/namespaces/race-probe/pods?dryRun=All", {
      metadata: { name: "probe" },
      spec: { serviceAccountName: "probe", containers: [{ name: "app", image: "example.com/app:1" }] },
    });
    return pod.metadata.annotations?.[addedReferencesAnnotation] !== undefined;
  };

  const results: { readonly way: string; readonly operator: string; readonly result: RaceResult }[] = [];
  const play = async (way: string, when: (typeof operators)[number]): Promise<RaceResult> => {
    const { late } = when;
    const options: Race = {
      admin,
      node: node.name,
      image: `${registry.host}/acme/app:1`,
      prefix: `race-${results.length}`,
      count: runs,
      // Who is late is late for all of them.
      // The kubelet tries a pull again after 10 s, then 20 s, 40 s, 80 s; one that has no reference will never succeed.
      patience: way === "neither" ? seconds(racesAsked === undefined ? 15 : 60) : seconds(180),
      apart: Temporal.Duration.from({ milliseconds: late ? 0 : 300 }),
    };
    await stopOperator();
    if (!late) await startOperator();
    const result = await race(options, async () => {
      if (!late) return;
      await sleep(late.total("milliseconds"));
      await startOperator();
    });
    results.push({ way, operator: when.name, result });
    const row = rowOf(way, when.name, result);
    process.stderr.write(`${row}\n`);
    if (report !== undefined) await appendFile(report, `${row}\n`);
    await clear(options);
    return result;
  };

  describe("with the policy on pods", () => {
    beforeAll(async () => {
      await credential("None");
      await kubectl("apply", "-k", join(root, "config/admission/pods"));
      await pollUntil(policyIsInForce, { what: "the policy to be in force", limit: seconds(60) });
    });

    it.each(operators)("needs no pod made anew, with the operator $name", async (when) => {
      const { remade, stuck, seconds: took } = await play("policy", when);
      expect({ remade, stuck, notRunning: took.filter((each) => each === undefined) }).toEqual({
        remade: 0,
        stuck: 0,
        notRunning: [],
      });
    });
  });

  describe("with recovery", () => {
    beforeAll(async () => {
      await kubectl("delete", "-k", join(root, "config/admission/pods"), "--ignore-not-found");
      await credential("Evict");
      await pollUntil(async () => !(await policyIsInForce()), { what: "the policy to end", limit: seconds(60) });
    });

    it.each(operators)("runs in the end, with the operator $name", async (when) => {
      const { seconds: took } = await play("recovery", when);
      expect(took.filter((each) => each !== undefined).length).toBeGreaterThan(0);
    });
  });

  describe("with neither", () => {
    beforeAll(() => credential("None"));

    it.each(operators)("evicts nobody, with the operator $name", async (when) => {
      expect((await play("neither", when)).remade).toBe(0);
    });
  });

  it("leaves the images alone when a login is written anew in place, for pods that run and for new ones", async () => {
    await credential("None");
    await stopOperator();
    await startOperator();
    await kubectl("create", "namespace", "once");
    const secret = async (): Promise<string> =>
      JSON.stringify((await admin.get("/api/v1/namespaces/once/secrets/regcred"))?.["data"] ?? "");
    await pollUntil(async () => (await secret()) !== '""', { what: "the pull Secret", limit: seconds(30) });
    const start = async (name: string, imagePullPolicy: string): Promise<void> => {
      await admin.create("/api/v1/namespaces/once/pods", {
        metadata: { name },
        spec: {
          nodeName: node.name,
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          imagePullSecrets: [{ name: "regcred" }],
          containers: [{ name: "app", image: `${registry.host}/acme/app:1`, imagePullPolicy }],
        },
      });
      await pollUntil(
        async () => {
          const pod = await admin.get(`/api/v1/namespaces/once/pods/${name}`);
          return (pod?.["status"] as { readonly phase?: string } | undefined)?.phase === "Running";
        },
        { what: `${name} to run`, limit: seconds(90) },
      );
    };
    const asked = async (): Promise<number> => (await registry.requests()).length;
    await start("first", "Always");
    const [before, requests] = [await secret(), await asked()];
    const password = "made-up-second-password";
    await registry.setUsers([{ name: owner.username, ...owner, password }]);
    await admin.patch(`/api/v1/namespaces/${system}/secrets/hub`, { stringData: { password } });
    await pollUntil(async () => (await secret()) !== before, {
      what: "the new login in its place",
      limit: seconds(60),
    });
    await start("second", "IfNotPresent");
    // As long as a kubelet takes to look after its pods anew, and then some.
    await sleep(15_000);
    // With a login: a kubelet may have pulls in its queue of pods of the races before, which have none.
    const withLogin = async (): Promise<readonly object[]> =>
      (await registry.requests()).slice(requests).filter(({ status }) => status < 400);
    expect(await withLogin()).toEqual([]);
    await start("third", "Always");
    expect(await withLogin()).not.toEqual([]);
  });
});

function rowOf(way: string, operator: string, { seconds: took, remade, stuck }: RaceResult): string {
  const ran = took.filter((each) => each !== undefined);
  const shown = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(1));
  const times = [median(ran), percentile(ran, 99), ran.length > 0 ? Math.max(...ran) : Number.NaN].map(shown);
  return `| ${[way, operator, String(took.length), String(ran.length), String(remade), String(stuck), ...times].join(" | ")} |`;
}
