// The programs that the cluster consists of, and where each comes from.

import { join } from "node:path";
import { type KubernetesRelease, newestKubernetes } from "./kubernetes-release.ts";

export type BinaryName =
  | "etcd"
  | "helm"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kube-score"
  | "kubectl"
  | "kubelet"
  | "registry";

export interface Binary {
  readonly name: BinaryName;
  /** With its leading `v`; part of the path in the cache. */
  readonly version: string;
  readonly build: {
    /** The folder of the `go.mod` that pins it. */
    readonly module: string;
    readonly package: string;
    readonly linkerFlags: string;
    /** All packages it is made of (`go list -deps`), for progress. */
    readonly packages: number;
    /** Estimated for 2 cores with an empty build cache: the whole control plane was measured at about 12 minutes. */
    readonly minutes: string;
  };
  /** Undefined where nobody publishes it for this platform. */
  readonly download: Download | undefined;
}

export interface Download {
  readonly url: string;
  /** Holds the digest alone, or lines of digest and file name. From the same publisher, over the same https. */
  readonly checksumURL: string;
  readonly algorithm: "sha256" | "sha512";
  /** Path inside the archive; undefined when the file is the program itself. */
  readonly member?: string;
  /** Approximate: told before the server has said it. */
  readonly megabytes: number;
  /** Where the publisher's version is another than ours. */
  readonly version?: string;
}

/** As Go names them. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** Where the official files are; tests put a local server here. */
export interface Publishers {
  readonly kubernetes: string;
  readonly github: string;
  readonly helm: string;
}

const officialPublishers: Publishers = {
  kubernetes: "https://dl.k8s.io",
  github: "https://github.com",
  helm: "https://get.helm.sh",
};

// The versions of binaries/*/go.mod; a test compares them.
const etcdVersion = "v3.7.2";
const registryVersion = "v3.1.2";
const helmVersion = "v4.3.1";
const kubeScoreVersion = "v1.20.0";
const transform = "-s -w";
// Without these the API server says that it is v0.0.0-master:
// https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/component-base/version/base.go
function kubernetesFlags(version: string): string {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  return [
    transform,
    `-X k8s.io/component-base/version.gitVersion=${version}`,
    `-X k8s.io/component-base/version.gitMajor=${major}`,
    `-X k8s.io/component-base/version.gitMinor=${minor}`,
    `-X k8s.io/client-go/pkg/version.gitVersion=${version}`,
  ].join(" ");
}

const moduleFolder = (name: string): string => join(import.meta.dirname, "binaries", name);

/** All programs, for a platform; those of Kubernetes in one of the releases. */
export function catalogue(
  platform: Platform = thisPlatform(),
  publishers: Publishers = officialPublishers,
  kubernetes: KubernetesRelease = newestKubernetes,
): Readonly<Record<BinaryName, Binary>> {
  const { version } = kubernetes;
  const module = moduleFolder(kubernetes.module);
  const linkerFlags = kubernetesFlags(version);
  const published = (name: string, megabytes: number): Download =>
    kubernetesDownload(name, version, platform, publishers, megabytes);
  return {
    etcd: {
      name: "etcd",
      version: etcdVersion,
      build: {
        module: moduleFolder("etcd"),
        package: "go.etcd.io/etcd/server/v3",
        linkerFlags: transform,
        packages: 564,
        minutes: "1 to 2 minutes",
      },
      download: etcdDownload(platform, publishers),
    },
    "kube-apiserver": {
      name: "kube-apiserver",
      version,
      build: {
        module,
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        linkerFlags,
        packages: 2079,
        minutes: "6 to 8 minutes",
      },
      download: apiServerDownload(kubernetes, platform, publishers),
    },
    "kube-controller-manager": {
      name: "kube-controller-manager",
      version,
      build: {
        module,
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        linkerFlags,
        packages: 2440,
        minutes: "2 to 3 minutes",
      },
      download: platform.os === "linux" ? published("kube-controller-manager", 105) : undefined,
    },
    kubectl: {
      name: "kubectl",
      version,
      build: {
        module,
        package: "k8s.io/kubernetes/cmd/kubectl",
        linkerFlags,
        packages: 916,
        minutes: "1 to 3 minutes",
      },
      download: platform.os === "linux" || platform.os === "darwin" ? published("kubectl", 60) : undefined,
    },
    helm: {
      name: "helm",
      version: helmVersion,
      build: {
        module: moduleFolder("helm"),
        package: "helm.sh/helm/v4/cmd/helm",
        linkerFlags: transform,
        packages: 1183,
        minutes: "2 to 4 minutes",
      },
      download: helmDownload(platform, publishers),
    },
    "kube-score": {
      name: "kube-score",
      version: kubeScoreVersion,
      build: {
        module: moduleFolder("kube-score"),
        package: "github.com/zegl/kube-score/cmd/kube-score",
        linkerFlags: transform,
        packages: 332,
        minutes: "about a minute",
      },
      download: kubeScoreDownload(platform, publishers),
    },
    "kube-scheduler": {
      name: "kube-scheduler",
      version,
      build: {
        module,
        package: "k8s.io/kubernetes/cmd/kube-scheduler",
        linkerFlags,
        packages: 1452,
        minutes: "1 to 2 minutes",
      },
      download: platform.os === "linux" ? published("kube-scheduler", 81) : undefined,
    },
    kubelet: {
      name: "kubelet",
      version,
      build: {
        module,
        package: "k8s.io/kubernetes/cmd/kubelet",
        linkerFlags,
        packages: 1799,
        minutes: "2 to 3 minutes",
      },
      download: platform.os === "linux" ? published("kubelet", 92) : undefined,
    },
    registry: {
      name: "registry",
      version: registryVersion,
      build: {
        module: moduleFolder("registry"),
        package: "github.com/distribution/distribution/v3/cmd/registry",
        linkerFlags: transform,
        packages: 999,
        minutes: "1 to 2 minutes",
      },
      download: registryDownload(platform, publishers),
    },
  };
}

/** The platform that this program runs on. */
export function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch === "x64" ? "amd64" : process.arch };
}

// https://kubernetes.io/releases/download/: each program has a .sha256 beside it.
function kubernetesDownload(
  name: string,
  version: string,
  { os, arch }: Platform,
  { kubernetes }: Publishers,
  megabytes: number,
): Download {
  const url = `${kubernetes}/release/${version}/bin/${os}/${arch}/${name}`;
  return { url, checksumURL: `${url}.sha256`, algorithm: "sha256", megabytes };
}

function apiServerDownload(
  { version, envtest }: KubernetesRelease,
  platform: Platform,
  publishers: Publishers,
): Download | undefined {
  const { os, arch } = platform;
  if (os === "linux") return kubernetesDownload("kube-apiserver", version, platform, publishers, 119);
  if (os !== "darwin") return undefined;
  const release = `${publishers.github}/kubernetes-sigs/controller-tools/releases/download/envtest-${envtest}`;
  const url = `${release}/envtest-${envtest}-${os}-${arch}.tar.gz`;
  return {
    url,
    checksumURL: `${url}.sha512`,
    algorithm: "sha512",
    member: "controller-tools/envtest/kube-apiserver",
    megabytes: 70,
    version: envtest,
  };
}

// https://github.com/etcd-io/etcd/releases: tar.gz for Linux, zip for macOS, one SHA256SUMS for all.
function etcdDownload({ os, arch }: Platform, { github }: Publishers): Download | undefined {
  if (os !== "linux" && os !== "darwin") return undefined;
  const release = `${github}/etcd-io/etcd/releases/download/${etcdVersion}`;
  const folder = `etcd-${etcdVersion}-${os}-${arch}`;
  const url = `${release}/${folder}.${os === "linux" ? "tar.gz" : "zip"}`;
  return { url, checksumURL: `${release}/SHA256SUMS`, algorithm: "sha256", member: `${folder}/etcd`, megabytes: 24 };
}

// https://helm.sh/docs/intro/install/#from-the-binary-releases
function helmDownload({ os, arch }: Platform, { helm }: Publishers): Download | undefined {
  if (os !== "linux" && os !== "darwin") return undefined;
  const url = `${helm}/helm-${helmVersion}-${os}-${arch}.tar.gz`;
  return { url, checksumURL: `${url}.sha256sum`, algorithm: "sha256", member: `${os}-${arch}/helm`, megabytes: 20 };
}

// https://github.com/zegl/kube-score/releases: the file is the program, checksums.txt is for all.
function kubeScoreDownload({ os, arch }: Platform, { github }: Publishers): Download | undefined {
  if (os !== "linux" && os !== "darwin") return undefined;
  const release = `${github}/zegl/kube-score/releases/download/${kubeScoreVersion}`;
  const url = `${release}/kube-score_${kubeScoreVersion.slice(1)}_${os}_${arch}`;
  return { url, checksumURL: `${release}/checksums.txt`, algorithm: "sha256", megabytes: 25 };
}

// https://github.com/distribution/distribution/releases: Linux only.
function registryDownload({ os, arch }: Platform, { github }: Publishers): Download | undefined {
  if (os !== "linux") return undefined;
  const release = `${github}/distribution/distribution/releases/download/${registryVersion}`;
  const url = `${release}/registry_${registryVersion.slice(1)}_${os}_${arch}.tar.gz`;
  return { url, checksumURL: `${url}.sha256`, algorithm: "sha256", member: "registry", megabytes: 18 };
}
