// The projects of vitest: which tests are quick, and which need the real control plane.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { variantVariable } from "./test/cluster/variant.ts";

const long = ["test/integration/**", "test/e2e/**", "test/release/**"];
const fixtures = "test/fixtures/**";
// What changes its process for good has one to itself; the other quick ones share theirs, which saves half a minute of imports.
const alone = "test/**/*.alone.test.ts";
// Some start a program, which takes seconds on a machine that builds Kubernetes beside it.
const unitTimeout = 30_000;
// One more than cores: some start programs and wait for them, and by its default vitest leaves a core to a watcher that is not there.
const quickWorkers = availableParallelism() + 1;
const onControlPlane = {
  // The files of a worker share a control plane, see test/cluster/shared-control-plane.ts, and their imports.
  isolate: false,
  // They wait for most of their time: three at a time are what two cores carry.
  maxWorkers: 3,
  testTimeout: 120_000,
  // The first start builds or downloads the control plane.
  hookTimeout: 45 * 60_000,
};
const filesOf = (...names: readonly string[]): string[] => names.map((name) => `test/integration/${name}.test.ts`);
// What is about lengths of time, measures time or memory, or needs large programs of others that nothing else does.
const measuring = filesOf(
  "bounds",
  "cost-of-events-at-size",
  "removal-guard-at-size",
  "delivery",
  "denied-leases",
  "faults",
  "large-secrets",
  "memory",
  "memory-per-namespace",
  "metrics-flood",
  "prometheus",
  "replicas",
  "restored-etcd",
  "signed-release",
  "stalls",
  "tokens",
);
// What may differ from one API server to the next: how it judges the kind, its cost and fields; admission; lists and watches;
// Events; quotas; garbage collection. And one story from beginning to end. All others say the same wherever they run.
const onAnyServer = filesOf(
  "chart",
  "crd",
  "crd-outdated",
  "deletion",
  "doctor",
  "events",
  "fan-out",
  "kube",
  "label-guard",
  "refusals",
  "guardrails",
  "uninstall",
  "watch-list",
  "without-pod-admission",
);
// It is about what the newest one lacks.
const notOnNewest = filesOf("without-pod-admission");

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...long, fixtures, alone],
          isolate: false,
          maxWorkers: quickWorkers,
          testTimeout: unitTimeout,
        },
      },
      { test: { name: "unit-alone", include: [alone], maxWorkers: quickWorkers, testTimeout: unitTimeout } },
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
          name: "measuring",
          include: measuring,
          ...onControlPlane,
          // They have a core each.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "without-gates",
          include: onAnyServer,
          ...onControlPlane,
          env: { [variantVariable]: "without-gates" },
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "oldest",
          include: onAnyServer,
          ...onControlPlane,
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
      {
        test: {
          name: "release",
          include: ["test/release/**/*.test.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
          hookTimeout: 60 * 60_000,
        },
      },
    ],
  },
});
