// The certificate authority of the test servers and their clients.
import {
  certificateAuthority as authority,
  type CertificateAuthority,
} from "../../src/runtime/tls/certificate-authority.ts";

export type { CertificateAuthority, KeyAndCertificate } from "../../src/runtime/tls/certificate-authority.ts";

// Longer than any test runs.
const lifetime = Temporal.Duration.from({ hours: 24 * 30 });

/** A new authority with a P-256 key of its own. */
export function certificateAuthority(name: string): CertificateAuthority {
  return authority(name, { now: Temporal.Now.instant(), lifetime });
}
