// The environment of the installed operator: a whole cluster with a node that runs pods, and a registry with a password.
import { randomInt } from "node:crypto";
import { type AdminClient, adminClient } from "../cluster/admin-client.ts";
import { type BuiltImage, buildImage, buildTools } from "../cluster/build-image.ts";
import { thisPlatform } from "../cluster/catalogue.ts";
import { type ControlPlane, startControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";
import { demandHost, nodeTools } from "../cluster/node-host.ts";
import { type KubeNode, startNode } from "../cluster/node.ts";
import { outputOf } from "../cluster/output-of.ts";
import { type Program, pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { scheduler } from "../cluster/scheduler.ts";
import { serviceAddress } from "../cluster/service-address.ts";
import { tinyProgram } from "../cluster/tiny-program.ts";
import { type ConnectProxy, connectProxy } from "../runtime/network/connect-proxy.ts";

/** A cluster with a node, and a registry. */
export interface NodeWorld {
  readonly cluster: ControlPlane;
  readonly admin: AdminClient;
  readonly node: KubeNode;
  /** Of this machine, by which pods reach what listens there. */
  readonly address: string;
  /** It lets in `owner`, and whoever else is told to it. */
  readonly registry: Registry;
  /** As the cluster's administrator; gives what it prints. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  readonly helm: (...args: readonly string[]) => Promise<string>;
  /** Says what is going on, with the seconds since the beginning. */
  readonly step: (text: string) => void;
  /** Ends it all. */
  close(): Promise<void>;
}

export interface World extends NodeWorld {
  /** A registry with a certificate of a private authority, which pods reach through the proxy only. */
  readonly corp: { readonly registry: Registry; readonly proxy: ConnectProxy };
  readonly image: BuiltImage;
}

/** How the registry is called that has a private authority. */
export const corpHost = "registry.corp.example";

/** Whose images are in the registries. */
export const owner = { username: "owner", password: "made-up-owner-password" };

// For benchmarks of networks, so on no network: https://www.rfc-editor.org/rfc/rfc2544#appendix-C.2.2
const serviceNetwork = "198.18";
const podNetwork = "198.19";

// What a Deployment needs to become pods on a node, beside what every test's control plane has.
const controllers = [
  "deployment-controller",
  "replicaset-controller",
  "disruption-controller",
  "job-controller",
  "node-lifecycle-controller",
  "endpointslice-controller",
];

/** @throws Error that names all that this machine lacks. */
export async function openWorld(): Promise<World> {
  await demandHost({ ...nodeTools, ...buildTools });
  await using opening = new AsyncDisposableStack();
  const world = await openNode();
  opening.defer(() => world.close());
  world.step("building the image");
  const image = await buildImage("0.0.0-e2e");
  opening.defer(() => image.remove());

  const users = [{ name: owner.username, ...owner }];
  const inside = await startRegistry({ auth: { kind: "htpasswd", users }, tls: true, hosts: [corpHost] });
  opening.defer(() => inside.stop());
  await pushImage(inside, "acme/app", "1", owner, ownProgram());
  const proxy = await connectProxy(Number(new URL(inside.url).port), { address: world.address });
  opening.defer(() => proxy.close());
  const running = opening.move();
  return { ...world, image, corp: { registry: inside, proxy }, close: () => running.disposeAsync() };
}

/** @throws Error that names what of a node this machine lacks. */
export async function openNode(): Promise<NodeWorld> {
  await demandHost(nodeTools);
  const began = performance.now();
  const step = (text: string): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    process.stderr.write(`${String(seconds).padStart(5)} s  ${text}\n`);
  };
  // Before anything runs: on a new machine it takes minutes, and tells its own progress.
  const { kubectl, helm } = await ensureBinaries([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "registry",
    "kubectl",
    "helm",
  ]);
  await using opening = new AsyncDisposableStack();
  const third = randomInt(256);

  step("starting Kubernetes and a registry");
  const address = `${serviceNetwork}.${third}.1`;
  const cluster = await startControlPlane({
    hosts: [address],
    apiServerArguments: [`--service-cluster-ip-range=${serviceNetwork}.${third}.0/24`],
    controllerArguments: [`--controllers=${controllers.join(",")}`],
  });
  opening.defer(() => cluster.stop());
  const admin = await adminClient(cluster);
  opening.defer(() => admin.close());
  const service = await serviceAddress(address, cluster.server);
  opening.defer(() => service.stop());
  const scheduling = await scheduler(cluster);
  await scheduling.start();
  opening.defer(() => scheduling.kill());

  const registry = await startRegistry({ auth: { kind: "htpasswd", users: [{ name: owner.username, ...owner }] } });
  opening.defer(() => registry.stop());
  // The node's own image, which it must get before any pod has a pull Secret.
  const open = await startRegistry({ auth: { kind: "none" } });
  opening.defer(() => open.stop());
  await pushImage(open, "pause", "1", undefined, ownProgram());
  await pushImage(registry, "acme/app", "1", owner, ownProgram());

  step("starting the node");
  const node = await startNode({
    cluster,
    pauseImage: `${open.host}/pause:1`,
    podRange: `${podNetwork}.${third}.0/24`,
  });
  opening.defer(() => node.stop());
  const running = opening.move();
  return {
    cluster,
    admin,
    node,
    address,
    registry,
    kubectl: (...args) => outputOf(kubectl, [...args, `--kubeconfig=${cluster.kubeconfig}`]),
    helm: (...args) => outputOf(helm, [...args, `--kubeconfig=${cluster.kubeconfig}`]),
    step,
    close: () => running.disposeAsync(),
  };
}

function ownProgram(): Program {
  const { arch } = thisPlatform();
  return { content: tinyProgram(arch), arch };
}
