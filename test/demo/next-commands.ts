// The commands that the viewer can try while the demo stays up.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { defaultPullSecretName, plural } from "../../src/api/names.ts";
import { credentialName, sourceName } from "./manifest.ts";

export interface NextCommandsOptions {
  /** Undefined: the user's own. */
  readonly kubeconfig: string | undefined;
  /** Undefined: the current one. */
  readonly context: string | undefined;
  readonly system: string;
  readonly tenant: string;
  readonly newTenant: string;
  readonly hasKubectl: boolean;
  /** What works without kubectl; undefined where nothing does without the user's own credentials. */
  readonly curl: string | undefined;
  readonly operatorLog: string;
}

/** Lines for another terminal. */
export function nextCommands(options: NextCommandsOptions): readonly string[] {
  const { kubeconfig, context, system, tenant, newTenant, hasKubectl, curl, operatorLog } = options;
  const kubectl = context === undefined ? "kubectl" : `kubectl --context ${context}`;
  const lines = [
    ...(kubeconfig === undefined ? [] : [`export KUBECONFIG=${kubeconfig}`]),
    `${kubectl} get ${plural}`,
    `${kubectl} describe ${plural} ${credentialName}`,
    `${kubectl} -n ${tenant} get secret ${defaultPullSecretName} -o yaml`,
    `${kubectl} -n ${tenant} delete secret ${defaultPullSecretName}     # and look again`,
    `${kubectl} create namespace ${newTenant}`,
    `${kubectl} -n ${newTenant} get serviceaccount default -o yaml`,
    `${kubectl} -n ${system} delete secret ${sourceName}     # tenants keep what they have; status and events say why`,
    `tail -f ${operatorLog}`,
  ];
  if (hasKubectl || curl === undefined) return lines;
  return [...lines, "", "# kubectl is not installed here, and not needed: the same API with curl", curl];
}

/** Whether a program is on the PATH. */
export function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
