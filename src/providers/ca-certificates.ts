// The CA certificates that an entry names.
import { failure } from "../api/reasons.ts";
import { OperatorError } from "../runtime/errors.ts";
import { createCertificates } from "../cluster/install-steps.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";

/** The key of an entry's `caSecretName` Secret, as `kubernetes.io/tls` and cert-manager spell it. */
const caKey = "ca.crt";

/** PEM of a Secret of the operator's namespace; throws OperatorError CAMissing. */
export function caCertificates(
  secret: (key: string) => OperatorSecretRecord | undefined,
  operatorNamespace: string,
): (secretName: string) => string {
  return (secretName) => {
    const record = secret(`${operatorNamespace}/${secretName}`);
    const pem = record?.kind === "source" ? record.values?.[caKey]?.reveal() : undefined;
    if (pem !== undefined && pem.trim() !== "") return pem;
    throw new OperatorError(
      failure("CAMissing", {
        message: `the Secret ${operatorNamespace}/${secretName} holds no CA certificates`,
        steps: [createCertificates(operatorNamespace, secretName)],
      }),
    );
  };
}
