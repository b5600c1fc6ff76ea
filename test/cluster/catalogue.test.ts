// Tests that the downloads give the programs that go.mod pins.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue.ts";
import { oldestKubernetes } from "./kubernetes-release.ts";

const modules = {
  etcd: "go.etcd.io/etcd/server/v3",
  helm: "helm.sh/helm/v4",
  "kube-apiserver": "k8s.io/kubernetes",
  "kube-controller-manager": "k8s.io/kubernetes",
  "kube-scheduler": "k8s.io/kubernetes",
  "kube-score": "github.com/zegl/kube-score",
  kubectl: "k8s.io/kubernetes",
  kubelet: "k8s.io/kubernetes",
  registry: "github.com/distribution/distribution/v3",
} as const;

describe("the catalogue", () => {
  it.each(Object.values(catalogue()))("names the version of $name that its go.mod pins", ({ name, version, build }) => {
    const pins = readFileSync(join(build.module, "go.mod"), "utf8");
    expect(pins).toContain(`${modules[name]} ${version}`);
    expect(pins).toContain(build.package);
  });

  it("names the oldest Kubernetes that its go.mod pins", () => {
    const all = catalogue({ os: "linux", arch: "amd64" }, undefined, oldestKubernetes);
    for (const { build, version, download } of [all["kube-apiserver"], all["kube-controller-manager"]]) {
      const pins = readFileSync(join(build.module, "go.mod"), "utf8");
      expect(pins).toContain(`k8s.io/kubernetes ${version}`);
      expect(pins).toContain(build.package);
      expect(build.linkerFlags).toContain("gitMinor=31 ");
      expect(download?.url).toContain(version);
    }
  });

  it("knows a download of every program for Linux", () => {
    const urls = ["amd64", "arm64"].map((arch) =>
      Object.values(catalogue({ os: "linux", arch })).filter(({ download }) => download?.url.includes(arch)),
    );
    expect(urls.map(({ length }) => length)).toEqual([9, 9]);
  });

  it("leaves to Go what nobody publishes for macOS", () => {
    const all = Object.values(catalogue({ os: "darwin", arch: "arm64" }));
    const built = all.filter(({ download }) => download === undefined).map(({ name }) => name);
    expect(built).toEqual(["kube-controller-manager", "kube-scheduler", "kubelet", "registry"]);
  });
});
