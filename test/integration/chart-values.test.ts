// Tests of what a real API server, with the kinds of Prometheus' operator and without, says of what the chart makes of its values.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everything, find, podOf } from "../chart/every-value.ts";
import { chartFolder, helm } from "../chart/helm.ts";
import { installMonitoringKinds } from "../chart/prometheus-operator.ts";
import { rendered } from "../chart/rendered.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { ask } from "./ask.ts";
import { eventually, operatorNamespace, soon, type TestEnv, testEnv } from "./test-env.ts";

describe("in a cluster", () => {
  let world: TestEnv;
  const release = (...args: string[]): Promise<string> => helm([...args, `--kubeconfig=${world.cluster.kubeconfig}`]);
  const install = (name: string, namespace: string, ...args: string[]): Promise<string> =>
    release("install", name, chartFolder, `--namespace=${namespace}`, "--create-namespace", ...args);
  const typed = (command: string): Promise<string> => kubectl(command.split(" ").slice(1), { cluster: world.cluster });
  /** The checks of the doctor that found something. */
  const troubled = async (kubeconfig: string, ...args: string[]): Promise<readonly string[]> => {
    const { stdout } = await ask(kubeconfig, ["doctor", ...args]);
    return [...stdout.matchAll(/^(?:BAD {4}|unknown) ([^:]+): /gm)].map(([, check = ""]) => check);
  };
  const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";

  beforeAll(async () => {
    world = await testEnv();
  }, 300_000);
  afterAll(() => world?.close());

  it("a definition that somebody else has installed is theirs, until the commands that are told are typed", async () => {
    const output = await install("regcred", operatorNamespace).then(String, String);
    expect(output).toMatch(/already, installed by somebody else/);
    const commands = output.match(/^ {2}kubectl .+$/gm)?.map((line) => line.trim()) ?? [];
    expect(commands).toHaveLength(2);
    for (const command of commands) await typed(command);
    expect(output).toContain("once with --force-conflicts");
    expect(await install("regcred", operatorNamespace, "--force-conflicts")).toContain("STATUS: deployed");
  });

  it("a second release is told of the first, and stands beside it with names of its own", async () => {
    const output = await install("other", "elsewhere").then(String, String);
    expect(output).toMatch(/Another release of regcred, regcred in the namespace regcred-system/);
    const [, flags = ""] = /no definition: (--set .+)$/m.exec(output) ?? [];
    await expect(install("third", operatorNamespace, ...flags.split(" "))).rejects.toThrow(
      /has a release of regcred already/,
    );
    expect(await install("other", "elsewhere", ...flags.split(" "))).toContain("STATUS: deployed");
    // No pod of the Deployment runs here.
    await eventually(
      "all is there",
      async () => (await troubled(world.cluster.kubeconfig, "--namespace=elsewhere")).join() === "operator",
    );
  });

  it("the policies restrain the second one's own ServiceAccount, whatever rights it is given", async () => {
    await typed(
      "kubectl create clusterrolebinding too-much --clusterrole=cluster-admin --serviceaccount=elsewhere:regcred-2",
    );
    const asItself = ["-n", "elsewhere", "--as=system:serviceaccount:elsewhere:regcred-2", "--dry-run=server"];
    const refused = async (): Promise<string> =>
      kubectl(["create", "configmap", "mine", ...asItself], { cluster: world.cluster }).then(() => "", String);
    // A policy that has just been made is in force a moment later.
    await eventually("the policies are in force", async () => (await refused()).includes("regcred-2-nothing-else"));
    expect(await refused()).toMatch(/regcred-2-nothing-else.*regcred restrains itself/s);
  });

  it("helm test asks the doctor with rights that are enough, and no more than to look", async () => {
    const hooks = (await rendered({ hooks: true })).filter(({ metadata }) => metadata.name === "regcred-test");
    expect(new Set(hooks.map(({ kind }) => kind))).toEqual(
      new Set(["ClusterRole", "ClusterRoleBinding", "Pod", "ServiceAccount"]),
    );
    const input = hooks.filter(({ kind }) => kind !== "Pod").map((object) => JSON.stringify(object));
    await kubectl(["apply", "--server-side", "--filename=-"], { cluster: world.cluster, input: input.join("\n---\n") });
    const token = await typed(`kubectl create token regcred-test -n ${operatorNamespace}`);
    const { cluster } = world;
    const kubeconfig = join(cluster.folder, "kubeconfig-test");
    await writeFile(kubeconfig, kubeconfigText(cluster.server, cluster.ca, "test", { token: token.trim() }), {
      mode: 0o600,
    });
    const [, ...args] = podOf(find(hooks, "Pod")).containers[0]?.args ?? [];
    expect(args).toContain("--install");
    await eventually(
      "nothing but its absence is found",
      async () => (await troubled(kubeconfig, ...args)).join() === "operator",
    );
  });

  it("without the kinds of Prometheus' operator the release says so, or leaves them out", async () => {
    const upgrade = (mode: string): Promise<string> =>
      release(
        "upgrade",
        "regcred",
        chartFolder,
        `--namespace=${operatorNamespace}`,
        "--set=serviceMonitor.enabled=true",
        `--set=serviceMonitor.renderMode=${mode}`,
      );
    await expect(upgrade("failIfMissing")).rejects.toThrow(/Install that operator first/);
    expect(await upgrade("skipIfMissing")).toContain("STATUS: deployed");
  });

  it("with them they take what the chart makes of all values, and refuse what is none", async () => {
    await installMonitoringKinds(world.cluster);
    await world.namespaces(["monitoring"]);
    const file = join(world.cluster.folder, "values.json");
    const detected = { renderMode: "failIfMissing" };
    const values = {
      ...everything,
      // Two releases have one kind and one class.
      crds: { install: false },
      priorityClass: { create: false, name: "" },
      serviceMonitor: { ...everything.serviceMonitor, ...detected },
      podMonitor: { ...everything.podMonitor, ...detected },
      prometheusRule: { ...everything.prometheusRule, ...detected },
    };
    await writeFile(file, JSON.stringify(values));
    expect(await install("all", "images", `--values=${file}`)).toContain("STATUS: deployed");
    const monitoring = "/apis/monitoring.coreos.com/v1/namespaces/images";
    const monitor = await world.admin.get(`${monitoring}/servicemonitors/images`);
    expect(monitor?.spec).toMatchObject({
      endpoints: [
        { interval: "15s", scrapeTimeout: "10s", honorLabels: true, relabelings: [{ targetLabel: "cluster" }] },
      ],
    });
    expect(await world.admin.get(`${monitoring}/podmonitors/images`)).toBeDefined();
    expect(await world.admin.get(`${monitoring}/prometheusrules/images`)).toBeDefined();
    expect(await world.admin.get("/api/v1/namespaces/images/configmaps/images-dashboard")).toBeDefined();
    await eventually(
      "the doctor finds nothing else",
      async () => (await troubled(world.cluster.kubeconfig, "--namespace=images")).join() === "operator",
    );
    await expect(
      release(
        "upgrade",
        "all",
        chartFolder,
        "--namespace=images",
        "--reuse-values",
        "--set=serviceMonitor.relabelings[0].action=dorp",
      ),
    ).rejects.toThrow(/dorp/);
  });

  it("the definition goes with the release where it is not kept", async () => {
    const here = `--namespace=${operatorNamespace}`;
    await release("upgrade", "regcred", chartFolder, here, "--set=crds.keep=false");
    // Nothing runs the Job of the drain here.
    await release("uninstall", "regcred", here, "--no-hooks");
    await expect.poll(() => world.admin.get(crd), soon).toBeUndefined();
  });
});
