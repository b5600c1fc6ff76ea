// Which tests are quick, and which need the real control plane?
import { defineConfig } from "vitest/config";
import { variantVariable } from "./test/cluster/variant.ts";

const long = ["test/integration/**", "test/e2e/**"];
const fixtures = "test/fixtures/**";
// What changes its process for good has one to itself; the other quick ones share theirs, which saves half a minute of imports.
const alone = "test/**/*.alone.test.ts";
// Some start a program, which takes seconds on a machine that builds Kubernetes beside it.
const unitTimeout = 30_000;
const onControlPlane = {
  // Each file has a control plane of its own and waits for most of its time: two at a time are what two cores carry.
  maxWorkers: 2,
  testTimeout: 120_000,
  // The first start builds or downloads the control plane.
  hookTimeout: 45 * 60_000,
};
const filesOf = (...names: readonly string[]): string[] => names.map((name) => `test/integration/${name}.test.ts`);
// What measures time or memory has the machine to itself.
const measuring = filesOf("bounds", "faults", "memory", "prometheus", "replicas", "tokens");
// What says the same on every API server: it asks none, or is about commands in documents and how the program is built.
const ofNoServer = filesOf(
  "ad-hoc-signature",
  "alert-rules",
  "argocd",
  "bundle",
  "captures",
  "docs",
  "executable",
  "kubelet-matcher",
  "monitoring-manifests",
  "registry",
);
// Each of these is about what the newest one, as it is, has or lacks.
const onNewest = filesOf("pod-admission");
const notOnNewest = filesOf("without-pod-admission");
// What a tenant tries is tried once: it takes a while, and is about the operator.
const once = filesOf("threats");
const onAnyServer = {
  include: ["test/integration/**/*.test.ts"],
  exclude: [...measuring, ...ofNoServer, ...onNewest, ...once],
  ...onControlPlane,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...long, fixtures, alone],
          isolate: false,
          testTimeout: unitTimeout,
        },
      },
      { test: { name: "unit-alone", include: [alone], testTimeout: unitTimeout } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: [...measuring, ...notOnNewest],
          ...onControlPlane,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "integration-alone",
          include: measuring,
          ...onControlPlane,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "without-gates",
          ...onAnyServer,
          env: { [variantVariable]: "without-gates" },
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "oldest",
          ...onAnyServer,
          env: { [variantVariable]: "oldest" },
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
          testTimeout: 5 * 60_000,
          // The first start builds a kubelet, too.
          hookTimeout: 60 * 60_000,
        },
      },
    ],
  },
});
