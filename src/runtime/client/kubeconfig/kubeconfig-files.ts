// Finds and reads the kubeconfig files.
import { readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { errorCode } from "../../network/no-answer.ts";
import { unusable } from "./access.ts";
import { type Kubeconfig, KubeconfigError, kubeconfigFrom, mergedKubeconfigs } from "./kubeconfig.ts";

/** As ClientConfigLoadingRules of k8s.io/client-go/tools/clientcmd/loader.go. */
export type KubeconfigFiles =
  /** --kubeconfig: one path, which must be there. */
  | { readonly explicit: string }
  /** KUBECONFIG: paths joined as in PATH; empty ones and files that are not there are passed over. */
  | { readonly list: string };

/** Undefined: none of the files is there. Throws OperatorError NoCluster for one that cannot be read or is none. */
export function readKubeconfigs(files: KubeconfigFiles): Kubeconfig | undefined {
  if ("explicit" in files) {
    const only = readKubeconfig(files.explicit);
    if (!only) throw unusable(`cannot read the kubeconfig ${files.explicit}: it does not exist`);
    return only;
  }
  const all = files.list.split(delimiter).flatMap((path) => readKubeconfig(path) ?? []);
  return all.length === 0 ? undefined : mergedKubeconfigs(all);
}

function readKubeconfig(path: string): Kubeconfig | undefined {
  try {
    return kubeconfigFrom(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (error instanceof KubeconfigError) throw unusable(`cannot use the kubeconfig ${path}: ${error.message}`);
    const code = errorCode(error) ?? "UNKNOWN";
    if (code === "ENOENT") return undefined;
    throw unusable(`cannot read the kubeconfig ${path} (${code})`, error);
  }
}
