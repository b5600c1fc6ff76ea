// Tests that the commands of docs/install.md install, change, upgrade, take back and remove a release of the chart.
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { crdName, releaseAnnotation } from "../../src/api/names.ts";
import { earlierChart } from "../chart/earlier-chart.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { blocks } from "../documents.ts";
import { operatorKubeconfig } from "./installed.ts";
import { rbac } from "./rights.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const { version } = packageJson;
const root = join(import.meta.dirname, "..", "..");
const commands = blocks
  .filter(({ path, language }) => path === "docs/install.md" && language === "sh")
  .flatMap(({ text }) => text.replaceAll(/\|\n\s*/g, "| ").split("\n"));

/** The one command of docs/install.md that begins so. */
function documented(beginning: string): string {
  const found = commands.filter((command) => command.startsWith(beginning));
  if (found.length !== 1) throw new Error(`${found.length} commands of docs/install.md begin with ${beginning}`);
  return found[0] ?? "";
}

describe("a release of the chart", () => {
  let world: TestEnv;
  let operator: RunningOperator;
  let environment: Readonly<Record<string, string>>;

  /** As somebody types it in the project's folder. */
  const sh = async (command: string): Promise<string> => {
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: root, env: environment });
    return stdout;
  };
  const start = async (): Promise<void> => {
    operator = await world.startOperator({
      kubeconfig: await operatorKubeconfig(world),
      settings: { mode: { pullSecretNames: ["regcred", "harbor-pull"], watchNamespaces: [], podRecovery: false } },
    });
  };
  const deployment = async (): Promise<string> =>
    JSON.stringify(await world.admin.get(`/apis/apps/v1/namespaces/${operatorNamespace}/deployments/regcred`));
  const passwordIn = async (namespace: string): Promise<string | undefined> =>
    (await world.logins(namespace))?.["registry.example.com"]?.password;
  const releaseOfKind = async (): Promise<string | undefined> =>
    (await world.admin.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`))?.metadata
      .annotations?.[releaseAnnotation];

  beforeAll(async () => {
    world = await testEnv();
    const { folder, kubeconfig } = world.cluster;
    const bin = join(folder, "bin");
    await mkdir(bin);
    const { helm, kubectl } = await ensureBinaries(["helm", "kubectl"]);
    for (const [name, file] of Object.entries({ helm, kubectl })) await symlink(file, join(bin, name));
    environment = { PATH: `${bin}:${process.env["PATH"]}`, HOME: folder, KUBECONFIG: kubeconfig };
    // The chart brings the kind, and helm the namespace.
    await sh(`kubectl delete crd ${crdName}`);
  }, 180_000);
  afterAll(() => world?.close());

  it("is installed", async () => {
    const install = documented("helm install regcred config/chart").replace(
      "config/chart",
      await earlierChart(join(world.cluster.folder, "chart"), "0.0.9"),
    );
    await sh(`${install} --set 'pullSecretNames={regcred,harbor-pull}'`);
    await sh(documented("kubectl label namespace"));
    await sh(`kubectl wait --for=condition=Established crd/${crdName}`);
    expect(await deployment()).toContain('"registry.example.com/regcred:0.0.9"');
    expect(await releaseOfKind()).toBe("0.0.9");
  });

  it("is upgraded with the values that it had, with what is new in the chart, and with its kind", async () => {
    await sh(documented("helm upgrade"));
    expect(await deployment()).toContain(`"registry.example.com/regcred:${version}"`);
    expect(await deployment()).toContain('"--pull-secret-names=regcred,harbor-pull"');
    expect(await releaseOfKind()).toBe(version);
    expect(await sh(`kubectl get pdb -n ${operatorNamespace} -o name`)).toContain("/regcred");
  });

  it("is taken back, and what a later release has stored is read: tenants keep their logins, new ones get them", async () => {
    await start();
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a"]);
    await world.credential("hub", staticSpec("hub"));
    await eventually("it is served", async () => (await passwordIn("team-a")) === "first");
    await operator.stop();
    const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
    const token = (await world.admin.list(secrets)).find(({ metadata }) => metadata.name.startsWith("regcred-token-"));
    const name = token?.metadata.name ?? "";
    const data = token?.["data"] as Record<string, string>;
    const stored = JSON.parse(Buffer.from(data["token.json"] ?? "", "base64").toString()) as object;
    const added = { "token.json": JSON.stringify({ ...stored, later: { added: true } }), "beside.json": "{}" };
    const { resourceVersion } = (await world.admin.patch(`${secrets}/${name}`, { stringData: added })).metadata;
    // What cannot be minted anew has to be read.
    await world.admin.remove(`${secrets}/hub`);

    await sh(documented("helm rollback"));
    expect(await deployment()).toContain('"registry.example.com/regcred:0.0.9"');
    expect(await releaseOfKind()).toBe("0.0.9");
    await start();
    await world.namespaces(["team-b"]);
    await eventually("a new tenant is served", async () => (await passwordIn("team-b")) === "first");
    expect(await passwordIn("team-a")).toBe("first");
    expect((await world.admin.get(`${secrets}/${name}`))?.metadata.resourceVersion).toBe(resourceVersion);
    await operator.stop();
  });

  it("has RegistryCredentials that helm and Flux can wait for, because both read their conditions as kstatus does", async () => {
    await start();
    const folder = join(world.cluster.folder, "tenant");
    await mkdir(join(folder, "templates"), { recursive: true });
    await writeFile(join(folder, "Chart.yaml"), stringify({ apiVersion: "v2", name: "tenant", version: "1.0.0" }));
    const wait = `helm upgrade --install tenant ${folder} --wait --timeout=20s`;
    const applied = async (secretName: string): Promise<string> => {
      const spec = staticSpec(secretName, { namespaces: { include: ["team-*"] }, hosts: ["tenant.example.com"] });
      const credential = {
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name: "tenant" },
      };
      await writeFile(join(folder, "templates", "credential.yaml"), stringify({ ...credential, spec }));
      return sh(wait);
    };
    await world.source("tenant", { username: "ann", password: "first" });
    expect(await applied("tenant")).toContain("STATUS: deployed");
    await expect(applied("nowhere")).rejects.toThrow(
      /tenant not ready. status: Failed, message: main: the source Secret/,
    );
    await sh("helm uninstall tenant");
    await operator.stop();
  });

  it("gets another name for pull Secrets without helm on the cluster", async () => {
    await sh(documented("helm template"));
    expect(JSON.stringify(await world.admin.get(`${rbac}/clusterroles/regcred-tenants`))).toContain('"harbor-pull"');
    expect(await deployment()).toContain(`"registry.example.com/regcred:${version}"`);
    // A hook that is applied like the rest would drain the cluster.
    expect(await world.admin.get(`/apis/batch/v1/namespaces/${operatorNamespace}/jobs/regcred-drain`)).toBeUndefined();
  });

  it("stays as it is where the drain before an uninstall does not end", async () => {
    // There is no node here that could run the Job.
    await expect(sh(`${documented("helm uninstall")} --timeout=3s`)).rejects.toThrow(/regcred-drain|pre-delete/);
    expect(await deployment()).toContain("registry.example.com/regcred");
    expect((await world.admin.get(`${credentialsPath}/hub`))?.metadata.deletionTimestamp).toBeUndefined();
    expect(await passwordIn("team-a")).toBe("first");
  });
});
