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
  // One control plane at a time is what two cores carry.
  fileParallelism: false,
  testTimeout: 120_000,
  // The first start builds or downloads the control plane.
  hookTimeout: 45 * 60_000,
};
const filesOf = (...names: readonly string[]): string[] => names.map((name) => `test/integration/${name}.test.ts`);
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
          exclude: notOnNewest,
          ...onControlPlane,
        },
      },
      {
        test: {
          name: "without-gates",
          include: [...ofAnyServer, ...notOnNewest],
          env: { [variantVariable]: "without-gates" },
          ...onControlPlane,
        },
      },
      {
        test: {
          name: "oldest",
          include: [...ofAnyRelease, ...notOnNewest],
          env: { [variantVariable]: "oldest" },
          ...onControlPlane,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 5 * 60_000,
          // The first start builds a kubelet, too.
          hookTimeout: 60 * 60_000,
        },
      },
    ],
  },
});
