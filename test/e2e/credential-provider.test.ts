// Tests that the recipe of config/nodes brings the credential provider onto a node, and that a real kubelet runs it and pulls
// private images for pods without a Secret, for those alone that may.
import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { stringify } from "yaml";
import { type AdminClient, adminClient } from "../cluster/admin-client.ts";
import { buildTools } from "../cluster/build-image.ts";
import { thisPlatform } from "../cluster/catalogue.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { demandHost, nodeTools } from "../cluster/node-host.ts";
import { type KubeNode, startNode } from "../cluster/node.ts";
import { outputOf } from "../cluster/output-of.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { scheduler } from "../cluster/scheduler.ts";
import { tinyProgram } from "../cluster/tiny-program.ts";
import { pushNodeImage } from "./node-image.ts";
import type { Pod } from "./tenants.ts";

const root = join(import.meta.dirname, "../..");
const owner = { username: "owner", password: "made-up-owner-password" };
const audience = "pull.example.com";
// The kubelet tries a pull again after 10 s, then 20 s.
const patience = Temporal.Duration.from({ minutes: 3 });

describe("the kubelet", { timeout: 5 * 60_000 }, () => {
  const opened = new AsyncDisposableStack();
  let cluster: ControlPlane;
  let admin: AdminClient;
  let node: KubeNode;
  let folder: string;
  let programs: string;
  let config: string;
  /** Of all pods of the node, and of those that the file names. */
  let shared: Registry;
  let tenants: Registry;

  beforeAll(async () => {
    await demandHost({ ...nodeTools, ...buildTools });
    const { kubectl } = await ensureBinaries(["kubectl"]);
    folder = await mkdtemp(join(tmpdir(), "regcred-provider-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    cluster = await startControlPlane({ controllerArguments: ["--controllers=daemonset-controller"] });
    opened.defer(() => cluster.stop());
    admin = await adminClient(cluster);
    opened.defer(() => admin.close());
    const scheduling = await scheduler(cluster);
    await scheduling.start();
    opened.defer(() => scheduling.kill());
    const auth = { kind: "htpasswd", users: [{ name: owner.username, ...owner }] } as const;
    const registries = [startRegistry({ auth }), startRegistry({ auth }), startRegistry({ auth: { kind: "none" } })];
    const [first, second, open] = await Promise.all(registries);
    if (!first || !second || !open) throw new TypeError("three registries");
    [shared, tenants] = [first, second];
    for (const each of [first, second, open]) opened.defer(() => each.stop());
    const { arch } = thisPlatform();
    const program = { content: tinyProgram(arch), arch };
    await pushImage(open, "pause", "1", undefined, program);
    for (const each of [shared, tenants]) await pushImage(each, "acme/app", "1", owner, program);
    node = await startNode({ cluster, pauseImage: `${open.host}/pause:1`, podRange: "198.19.77.0/24" });
    opened.defer(() => node.stop());
    for (const name of ["team-a", "team-b"]) await namespace(name);
    programs = join(folder, "opt/regcred/bin");
    await imageOf(open);
    await writeFile(join(folder, "kustomization.yaml"), stringify(recipe(open)));
    await outputOf(kubectl, ["apply", "--kustomize", folder, `--kubeconfig=${cluster.kubeconfig}`]);
    await pollUntil(isInstalled, { what: "the DaemonSet to have put the programs onto the node", limit: patience });
    config = await configured();
    await node.restartKubelet({ config, programs });
    await pollUntil(() => node.isWell(), { what: "the kubelet with its credential providers", limit: patience });
  }, 15 * 60_000);
  afterAll(() => opened.disposeAsync());

  /** As the Dockerfile of config/nodes/install says. */
  const imageOf = async (registry: Registry): Promise<void> => {
    const built = join(folder, "dist");
    await outputOf(process.execPath, [
      join(root, "tools/launch.mjs"),
      join(root, "tools/build/executable.ts"),
      "--to",
      built,
    ]);
    await pushNodeImage(built, registry);
  };

  /** config/nodes/install as somebody would use it, for two files and for programs in another place than /opt, which is ours. */
  const recipe = ({ host }: Registry): object => {
    const at = "/spec/template/spec";
    const patch = [
      { op: "replace", path: `${at}/initContainers/0/args`, value: ["regcred", "regcred-pods"] },
      { op: "replace", path: `${at}/volumes/0/hostPath/path`, value: programs },
    ];
    return {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [relative(realpathSync(folder), join(root, "config/nodes/install"))],
      images: [
        { name: "regcred-node", newName: `${host}/regcred-node`, newTag: "e2e" },
        { name: "registry.k8s.io/pause", newName: `${host}/pause`, newTag: "1" },
      ],
      patches: [{ target: { kind: "DaemonSet" }, patch: JSON.stringify(patch) }],
    };
  };

  const isInstalled = async (): Promise<boolean> => {
    const set = await admin.get("/apis/apps/v1/namespaces/regcred-nodes/daemonsets/regcred-node");
    return (set?.["status"] as { readonly numberReady?: number } | undefined)?.numberReady === 1;
  };

  /** The files as docs/nodes.md says, and the kubelet's, by the program that is on the node. */
  const configured = async (): Promise<string> => {
    const secret = join(folder, "secrets/hub");
    await mkdir(secret, { recursive: true, mode: 0o700 });
    for (const [key, value] of Object.entries(owner)) await writeFile(join(secret, key), value, { mode: 0o600 });
    const entry = { provider: "Static", static: { secretName: "hub" } };
    const file = (name: string, more: object): object => ({
      apiVersion: "regcred.dev/v1alpha1",
      kind: "NodeCredentials",
      metadata: { name },
      ...more,
    });
    const files = [
      file("regcred", { registries: [{ ...entry, name: "shared", hosts: [shared.host] }] }),
      file("regcred-pods", {
        serviceAccountToken: { audience },
        registries: [
          { ...entry, name: "tenants", hosts: [tenants.host], pods: { namespaces: { include: ["team-a"] } } },
        ],
      }),
    ];
    const paths = ["regcred", "regcred-pods"].map((name) => join(folder, `${name}.yaml`));
    for (const [index, path] of paths.entries()) await writeFile(path, stringify(files[index]), { mode: 0o600 });
    const written = join(folder, "credential-provider-config.yaml");
    const args = ["credential-provider", "config", "--folder", folder, ...paths];
    await writeFile(written, await outputOf(join(programs, "regcred"), args));
    return written;
  };

  const namespace = async (name: string): Promise<void> => {
    await admin.create("/api/v1/namespaces", { metadata: { name } });
    await pollUntil(async () => await admin.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), {
      what: `the default ServiceAccount of ${name}`,
      limit: patience,
    });
  };

  /** A pod without any Secret, on the node without a scheduler. */
  const start = async (where: string, name: string, registry: Registry): Promise<void> => {
    await admin.create(`/api/v1/namespaces/${where}/pods`, {
      metadata: { name },
      spec: {
        nodeName: node.name,
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        containers: [{ name: "app", image: `${registry.host}/acme/app:1`, imagePullPolicy: "Always" }],
      },
    });
  };
  const podOf = async (where: string, name: string): Promise<Pod | undefined> =>
    (await admin.get(`/api/v1/namespaces/${where}/pods/${name}`)) as Pod | undefined;
  const runs = async (where: string, name: string): Promise<boolean> => {
    onTestFailed(async () => {
      process.stderr.write(`${JSON.stringify(await admin.list(`/api/v1/namespaces/${where}/events`))}\n`);
    });
    return pollUntil(async () => (await podOf(where, name))?.status.phase === "Running", {
      what: `${where}/${name} to run`,
      limit: patience,
    });
  };

  it("pulls as the node itself for a pod of any namespace", async () => {
    await start("team-b", "shared", shared);
    expect(await runs("team-b", "shared")).toBe(true);
  });

  it("pulls for a pod whose namespace the file names, by the token of its ServiceAccount", async () => {
    await start("team-a", "own", tenants);
    expect(await runs("team-a", "own")).toBe(true);
  });

  it("pulls nothing for a pod of another namespace", async () => {
    await start("team-b", "stranger", tenants);
    await pollUntil(
      async () => {
        const reason = (await podOf("team-b", "stranger"))?.status.containerStatuses?.[0]?.state.waiting?.reason;
        return reason === "ErrImagePull" || reason === "ImagePullBackOff";
      },
      { what: "the pull to fail", limit: patience },
    );
    const requests = await tenants.requests();
    expect(requests.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
  });

  it("does not start where its configuration names a program that is not there", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    await node.restartKubelet({ config, programs: empty });
    const complaint = /plugin binary executable .* did not exist/;
    await pollUntil(async () => complaint.test(await readFile(node.machine.logFile, "utf8")), {
      what: "the kubelet to say what it lacks",
      limit: patience,
    });
    expect(await node.isWell()).toBe(false);
  });
});
