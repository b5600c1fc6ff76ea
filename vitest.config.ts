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
const measuring = filesOf("faults", "memory", "prometheus", "replicas", "tokens");
// What depends on how the API server lists, watches, deletes and refuses. The rest would say the same on every one: it is
// about registries, tokens, commands and metrics.
const ofAnyServer = filesOf("watch-list", "kube", "fan-out", "references", "drift", "deletion", "conflict", "restart");
// The newest one, as it is, has what this is about.
const notOnNewest = filesOf("without-pod-admission");
// And what depends on the CEL that a release knows, on its admission and on its RBAC.
const ofAnyRelease = [
  ...ofAnyServer,
  ...filesOf("crd", "restraint", "refusals", "chart", "rename", "modes", "crd-outdated", "label-guard"),
];

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
          include: [...ofAnyServer, ...notOnNewest],
          env: { [variantVariable]: "without-gates" },
          ...onControlPlane,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "oldest",
          include: [...ofAnyRelease, ...notOnNewest],
          env: { [variantVariable]: "oldest" },
          ...onControlPlane,
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
