// Puts the kinds of Prometheus' operator into a cluster, as that operator's own module has them.
import { join } from "node:path";
import type { ControlPlane } from "../cluster/control-plane.ts";
import { goModule } from "../cluster/go-module.ts";
import { kubectl } from "../cluster/kubectl.ts";

const module = "github.com/prometheus-operator/prometheus-operator";
/** What the chart makes. */
const ofChart = ["servicemonitors", "podmonitors", "prometheusrules"];

/** Resolves once the API server serves them. */
export async function installMonitoringKinds(
  cluster: Pick<ControlPlane, "kubeconfig" | "folder">,
  kinds: readonly string[] = ofChart,
): Promise<void> {
  const folder = join(await goModule("prometheus-operator", module), "example", "prometheus-operator-crd");
  const files = kinds.map((kind) => `--filename=${join(folder, `monitoring.coreos.com_${kind}.yaml`)}`);
  await kubectl(["apply", "--server-side", ...files], { cluster });
  const names = kinds.map((kind) => `crd/${kind}.monitoring.coreos.com`);
  await kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names], { cluster });
}
