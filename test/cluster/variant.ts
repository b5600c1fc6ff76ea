// The kinds of control plane, and the one that the tests of this run use.
import type { Environment } from "./cache-folder.ts";
import { type KubernetesRelease, newestKubernetes, oldestKubernetes } from "./kubernetes-release.ts";

export interface Variant {
  readonly name: string;
  readonly kubernetes: KubernetesRelease;
  /** Lists may come as watches. */
  readonly knowsWatchList: boolean;
  /** Has the kind MutatingAdmissionPolicy as v1, from 1.36 on, whether it enforces them or not. */
  readonly servesMutatingPolicies: boolean;
  readonly apiServerArguments: readonly string[];
}

/** Each is a project of vitest.config.ts, which sets the variable. */
export const variantVariable = "REGCRED_TEST_CLUSTER";

const variants: readonly Variant[] = [
  {
    name: "newest",
    kubernetes: newestKubernetes,
    knowsWatchList: true,
    servesMutatingPolicies: true,
    apiServerArguments: [],
  },
  {
    name: "oldest",
    kubernetes: oldestKubernetes,
    // On by default from 1.32 on.
    knowsWatchList: false,
    servesMutatingPolicies: false,
    apiServerArguments: [],
  },
  // As clusters are on which somebody has turned these off, or which never had them.
  {
    name: "without-gates",
    kubernetes: newestKubernetes,
    knowsWatchList: false,
    servesMutatingPolicies: true,
    apiServerArguments: ["--feature-gates=WatchList=false,MutatingAdmissionPolicy=false"],
  },
];

/** The newest one unless the variable names another; throws at a name that there is not. */
export function variantOf(environment: Environment): Variant {
  const wanted = environment[variantVariable] || "newest";
  const found = variants.find(({ name }) => name === wanted);
  if (found) return found;
  throw new Error(`${variantVariable} cannot be ${wanted}: write ${variants.map(({ name }) => name).join(" or ")}`);
}
