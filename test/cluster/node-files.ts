// The configuration of containerd, its network and the kubelet on a node that must touch nothing else on this machine.
import { join } from "node:path";
import { stringify } from "yaml";

export interface NodeSettings {
  /** Absolute. Everything of the node lives below it. */
  readonly folder: string;
  readonly name: string;
  /** Where the image of the container that holds a pod's namespaces is pulled, without a password. */
  readonly pauseImage: string;
  /** `A.B.C.0/24`: the addresses of pods. */
  readonly podRange: string;
  readonly kubeletPort: number;
  readonly healthPort: number;
}

/** The socket of containerd. */
export const containerdSocket = (folder: string): string => join(folder, "containerd.sock");

/** The cgroup above those of all containers, in each hierarchy. */
export const cgroupOf = ({ name }: Pick<NodeSettings, "name">): string => `/${name}`;

/** File names with their content. */
export function nodeFiles(settings: NodeSettings): Readonly<Record<string, string>> {
  return {
    "containerd.toml": containerd(settings),
    "cni/10-pods.conflist": JSON.stringify(network(settings)),
    "kubelet.yaml": stringify(kubelet(settings)),
    // Pods have no name server: what they call has an address.
    "resolv.conf": "",
  };
}

// https://github.com/containerd/containerd/blob/v1.6.20/docs/cri/config.md
function containerd({ folder, pauseImage }: NodeSettings): string {
  const text = (value: string): string => JSON.stringify(value);
  return `version = 2
# In memory: overlayfs is refused on top of overlayfs, which is what a container of a build server has. And a plain copy of
# an image would count as what its container has written, against the limit of its ephemeral storage.
root = "/var/lib/containerd"
state = ${text(join(folder, "containerd-state"))}
[grpc]
  address = ${text(containerdSocket(folder))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  # A test machine may be a container itself, without AppArmor and without the right to lower a score.
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    # Where Debian's containernetworking-plugins puts them.
    bin_dir = "/usr/lib/cni"
    conf_dir = ${text(join(folder, "cni"))}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`;
}

// https://www.cni.dev/plugins/current/main/ptp/: a cable from each pod to the host, and a route.
function network({ folder, podRange }: NodeSettings): object {
  const ipam = { type: "host-local", ranges: [[{ subnet: podRange }]], routes: [{ dst: "0.0.0.0/0" }] };
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [{ type: "ptp", ipam: { ...ipam, dataDir: join(folder, "addresses") } }],
  };
}

// https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
function kubelet(settings: NodeSettings): object {
  const { folder, kubeletPort, healthPort } = settings;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${containerdSocket(folder)}`,
    address: "127.0.0.1",
    port: kubeletPort,
    healthzPort: healthPort,
    // Nobody calls it here.
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    // Machines with cgroups of version 1 are still around, and a container may not make what quality of service needs.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupOf(settings),
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    makeIPTablesUtilChains: false,
    failSwapOn: false,
    // A full disk is the machine's affair.
    evictionHard: {
      "memory.available": "0%",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
      "imagefs.inodesFree": "0%",
    },
    imageGCHighThresholdPercent: 100,
    podLogsDir: join(folder, "pod-logs"),
    resolvConf: join(folder, "resolv.conf"),
    // What the test waits for should not wait for the next beat: from 10 s and 1 min.
    nodeStatusUpdateFrequency: "5s",
    syncFrequency: "10s",
  };
}
