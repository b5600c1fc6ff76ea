// Which tests are quick, and which need the real control plane?
import { defineConfig } from "vitest/config";

const long = ["test/integration/**", "test/e2e/**"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...long, "test/fixtures/**"],
          // Some start a program, which takes seconds on a machine that builds Kubernetes beside it.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          // One control plane at a time is what two cores carry.
          fileParallelism: false,
          testTimeout: 120_000,
          // The first start builds or downloads the control plane.
          hookTimeout: 45 * 60_000,
        },
      },
    ],
  },
});
