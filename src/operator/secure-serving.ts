// Who may read the metrics over https, and with which certificate? A part of the composition root.
import type { Clock } from "../clock.ts";
import { metricsAccess } from "../kube/metrics-access.ts";
import type { Transport } from "../kube/transport.ts";
import type { OperatorSettings } from "./operator-settings.ts";
import type { SecureServing } from "../report/metrics-server.ts";
import { certificateIn, selfMadeCertificate } from "../report/serving-certificate.ts";

/** The name of the Service in config/manager. */
const service = "regcred-metrics";

export function secureServing(
  { namespace, metricsCertificate: folder }: Pick<OperatorSettings, "namespace" | "metricsCertificate">,
  api: Transport,
  clock: Clock,
): SecureServing {
  const own = folder === undefined ? selfMadeCertificate(clock, `${service}.${namespace}.svc`) : undefined;
  return {
    access: metricsAccess(api, clock),
    certificate: async () => own ?? certificateIn(folder ?? ""),
  };
}
