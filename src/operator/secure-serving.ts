// Serving of metrics over https: who may read them, and with which certificate. A part of the composition root.
import type { Clock } from "../runtime/clock.ts";
import { metricsAccess } from "../runtime/observability/metrics-access.ts";
import type { Transport } from "../runtime/client/transport.ts";
import type { OperatorSettings } from "../config/config.ts";
import type { KeyAndCertificate } from "../runtime/tls/certificate-authority.ts";
import type { SecureServing } from "../runtime/observability/metrics-server.ts";
import { certificateIn, selfMadeCertificate } from "../runtime/observability/serving-certificate.ts";

/** The name of the Service in config/manager. */
const service = "regcred-metrics";

export function secureServing(
  { namespace, metricsCertificate: folder }: Pick<OperatorSettings, "namespace" | "metricsCertificate">,
  api: Transport,
  clock: Clock,
): SecureServing {
  let own: Promise<KeyAndCertificate> | undefined;
  const selfMade = (): Promise<KeyAndCertificate> =>
    (own ??= selfMadeCertificate(clock, `${service}.${namespace}.svc`));
  return {
    access: metricsAccess(api, clock),
    certificate: () => (folder === undefined ? selfMade() : certificateIn(folder)),
  };
}
