// Tests that a real kubelet runs the credential provider, and pulls private images for pods without a Secret, for those alone that may.
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from "vitest";
import { stringify } from "yaml";
import { type AdminClient, adminClient } from "../cluster/admin-client.ts";
import { thisPlatform } from "../cluster/catalogue.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { demandHost, nodeTools } from "../cluster/node-host.ts";
import { type KubeNode, startNode } from "../cluster/node.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { tinyProgram } from "../cluster/tiny-program.ts";
import type { Pod } from "./tenants.ts";

const run = promisify(execFile);
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
  /** Of all pods of the node, and of those that the file names. */
  let shared: Registry;
  let tenants: Registry;

  beforeAll(async () => {
    await demandHost(nodeTools);
    const folder = await mkdtemp(join(tmpdir(), "regcred-provider-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    cluster = await startControlPlane();
    opened.defer(() => cluster.stop());
    admin = await adminClient(cluster);
    opened.defer(() => admin.close());
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
    const credentialProviders = await installed(folder);
    node = await startNode({
      cluster,
      credentialProviders,
      pauseImage: `${open.host}/pause:1`,
      podRange: "198.19.77.0/24",
    });
    opened.defer(() => node.stop());
    for (const name of ["team-a", "team-b"]) await namespace(name);
  }, 10 * 60_000);
  afterAll(() => opened.disposeAsync());

  /** As docs/nodes.md says. */
  const installed = async (folder: string): Promise<{ readonly config: string; readonly programs: string }> => {
    const programs = join(folder, "bin");
    const secret = join(folder, "secrets/hub");
    await mkdir(programs);
    await mkdir(secret, { recursive: true, mode: 0o700 });
    for (const [key, value] of Object.entries(owner)) await writeFile(join(secret, key), value, { mode: 0o600 });
    const { execPath } = process;
    await run(execPath, [join(root, "tools/launch.mjs"), join(root, "tools/build/executable.ts"), "--to", programs]);
    const program = join(programs, "regcred");
    await rename(join(programs, `kubectl-regcred-${process.platform}-${process.arch}`), program);
    await copyFile(program, join(programs, "regcred-pods"));
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
    const { stdout } = await run(program, ["credential-provider", "config", "--folder", folder, ...paths]);
    const config = join(folder, "credential-provider-config.yaml");
    await writeFile(config, stdout);
    return { config, programs };
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
});
