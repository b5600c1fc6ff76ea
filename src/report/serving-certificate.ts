// With which certificate are the metrics served over https?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import { certificateAuthority, type KeyAndCertificate } from "../tls/certificate-authority.ts";

/** From a folder as a Secret of type kubernetes.io/tls is mounted; rejects with an OperatorError. */
export async function certificateIn(folder: string): Promise<KeyAndCertificate> {
  try {
    const [certificate, key] = await Promise.all(
      ["tls.crt", "tls.key"].map((name) => readFile(join(folder, name), "utf8")),
    );
    return { certificate: certificate ?? "", key: key ?? "" };
  } catch (error) {
    throw new OperatorError(
      {
        reason: "CertificateUnreadable",
        cause: "Platform",
        retry: "slowly",
        message: `tls.crt and tls.key cannot be read in ${folder}: mount a Secret of type kubernetes.io/tls there, or leave --metrics-certificate out`,
      },
      error,
    );
  }
}

// Nobody can check whose it is, so nothing is lost by a long life; it is made anew at each start.
const lifetime = Temporal.Duration.from({ hours: 24 * 365 * 10 });

/** One that nobody else signed: it keeps listeners off the wire, and proves nothing. */
export function selfMadeCertificate(clock: Clock, host: string): KeyAndCertificate {
  return certificateAuthority("regcred", { now: clock.now(), lifetime }).issue({ name: host, hosts: [host] });
}
