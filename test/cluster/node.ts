// A node for one test, with a real kubelet on containerd, that leaves nothing behind.
import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { request } from "undici";
import type { ControlPlane } from "./control-plane.ts";
import { ensureBinaries } from "./ensure-binaries.ts";
import { withFreePort } from "./free-port.ts";
import { cgroupOf, containerdSocket, nodeFiles, type NodeSettings } from "./node-files.ts";
import { demandHost, nodeTools } from "./node-host.ts";
import { outputOf } from "./output-of.ts";
import { type Part, part } from "./part.ts";
import { pollUntil } from "./poll-until.ts";
import { watchdog } from "./watchdog.ts";

export interface NodeOptions extends Pick<NodeSettings, "pauseImage" | "podRange"> {
  readonly cluster: Pick<ControlPlane, "kubeconfig">;
  /** One line per call, without line break; by default to standard error. */
  readonly log?: (line: string) => void;
}

/** The kubelet's CredentialProviderConfig, and the folder of its programs. */
export interface CredentialProviders {
  readonly config: string;
  readonly programs: string;
}

export interface KubeNode {
  readonly name: string;
  /** containerd and the kubelet; what they and their containers print is below `folder`. */
  readonly machine: Part;
  readonly folder: string;
  /** Runs a command in a running container of this name, as `kubectl exec` has the runtime do it; gives what it prints. */
  exec(container: string, command: readonly string[]): Promise<string>;
  /** Starts the kubelet anew, with these, and does not wait until it is well; its containers go on. */
  restartKubelet(providers: CredentialProviders): Promise<void>;
  isWell(): Promise<boolean>;
  /** Ends it with all its containers and removes its images. May be called again. */
  stop(): Promise<void>;
}

// Everything runs in a process namespace and a mount namespace of its own. Whoever ends its first process, the watchdog
// included, ends every container, and each mount goes with it: https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
// What the programs want at fixed places (/var/lib/kubelet, /run/containerd, /var/log/containers) is memory that goes, too.
const machine = `
set -e
for place in /run /var/lib /var/log; do mount -t tmpfs regcred "$place"; done
containerd --config containerd.toml &
mkfifo restart
# A flag on each line, as a path may have a blank.
IFS='
'
while :; do
  "$@" $(cat kubelet-flags) &
  echo >>kubelet-starts
  read -r _ <restart
  kill $! || true
  wait $! || true
done
`;

const flagsFile = "kubelet-flags";

/**
 * Starts a node that joins the cluster. It needs root on Linux with a few Debian packages.
 * @throws Error that says what this machine lacks, or with the end of the node's log.
 */
export async function startNode({ cluster, log, ...chosen }: NodeOptions): Promise<KubeNode> {
  await demandHost(nodeTools);
  const { kubelet } = await ensureBinaries(["kubelet"], { log });
  const folder = await mkdtemp(join(tmpdir(), "regcred-node-"));
  watchdog.made(folder);
  const name = `regcred-${randomBytes(3).toString("hex")}`;
  try {
    return await withFreePort((kubeletPort) =>
      withFreePort(async (healthPort) => {
        const settings: NodeSettings = { ...chosen, folder, name, kubeletPort, healthPort };
        for (const [file, text] of Object.entries({ ...nodeFiles(settings), [flagsFile]: "" })) {
          await mkdir(dirname(join(folder, file)), { recursive: true });
          await writeFile(join(folder, file), text);
        }
        const running = machinePart(settings, kubelet, cluster.kubeconfig);
        let stopping: Promise<void> | undefined;
        const end = async (): Promise<void> => {
          await running.kill();
          await removeCgroups(settings);
          await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
        };
        await running.start();
        return {
          name,
          machine: running,
          folder,
          exec: (container, command) => execIn(settings, container, command),
          restartKubelet: (providers) => restart(settings, providers),
          isWell: () => isHealthy(settings),
          stop: () => (stopping ??= end()),
        };
      }),
    );
  } catch (error) {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    throw error;
  }
}

function machinePart(settings: NodeSettings, kubelet: string, kubeconfig: string): Part {
  const { folder, name } = settings;
  return part({
    name: "node",
    file: "unshare",
    folder,
    environment: { CONTAINERD_ADDRESS: containerdSocket(folder) },
    arguments: [
      "--mount",
      "--pid",
      "--fork",
      "--kill-child=SIGKILL",
      "--mount-proc",
      "/bin/sh",
      "-c",
      machine,
      // What $0 is.
      "machine",
      kubelet,
      `--config=${join(folder, "kubelet.yaml")}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${join(folder, "kubelet")}`,
      `--cert-dir=${join(folder, "certificates")}`,
      `--hostname-override=${name}`,
    ],
    ready: () => isHealthy(settings),
  });
}

async function isHealthy({ healthPort }: NodeSettings): Promise<boolean> {
  try {
    const answer = await request(`http://127.0.0.1:${healthPort}/healthz`);
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

async function restart({ folder }: NodeSettings, { config, programs }: CredentialProviders): Promise<void> {
  const starts = async (): Promise<number> => (await readFile(join(folder, "kubelet-starts"), "utf8")).length;
  const before = await starts();
  const flags = [`--image-credential-provider-config=${config}`, `--image-credential-provider-bin-dir=${programs}`];
  await writeFile(join(folder, flagsFile), flags.join("\n"));
  await writeFile(join(folder, "restart"), "\n");
  await pollUntil(async () => (await starts()) > before, {
    what: "the kubelet to be started anew",
    limit: Temporal.Duration.from({ seconds: 30 }),
  });
}

async function execIn({ folder }: NodeSettings, container: string, command: readonly string[]): Promise<string> {
  const ctr = (...args: readonly string[]): Promise<string> =>
    outputOf("ctr", [`--address=${containerdSocket(folder)}`, "--namespace=k8s.io", ...args]);
  const found = await ctr("containers", "list", "--quiet", `labels."io.kubernetes.container.name"==${container}`);
  // The kubelet keeps some that have ended, such as those of the install before.
  const tasks = (await ctr("tasks", "list")).split("\n").map((line) => line.trim().split(/\s+/));
  const running = new Set(tasks.filter(([, , status]) => status === "RUNNING").map(([task]) => task));
  const id = found.split("\n").find((each) => running.has(each));
  if (id === undefined) throw new Error(`the node runs no container ${container}`);
  // What connects both sides must be where both see it: /run is another one in the machine.
  const pipes = await mkdtemp(join(folder, "exec-"));
  return ctr("tasks", "exec", `--exec-id=${randomBytes(3).toString("hex")}`, `--fifo-dir=${pipes}`, id, ...command);
}

/** The kernel keeps the empty groups of processes that are gone. Deepest first, because none goes that has others. */
async function removeCgroups(settings: NodeSettings): Promise<void> {
  const own = cgroupOf(settings);
  const groups = globSync([`/sys/fs/cgroup${own}`, `/sys/fs/cgroup/*${own}`]).flatMap((root) => [
    root,
    ...globSync(`${root}/**/`),
  ]);
  for (const group of groups.toSorted((one, other) => other.length - one.length)) await rmdir(group).catch(() => {});
}
