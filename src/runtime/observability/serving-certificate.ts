// The certificate of the https server: mounted, or made by itself.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import { errorCode } from "../network/no-answer.ts";
import type { KeyAndCertificate } from "../tls/certificate-authority.ts";
import { keyPairFault } from "../tls/key-pair.ts";

/** From a folder as a Secret of type kubernetes.io/tls is mounted; rejects with an OperatorError. */
export async function certificateIn(folder: string): Promise<KeyAndCertificate> {
  const read = (name: string): Promise<string> =>
    readFile(join(folder, name), "utf8").catch((error: unknown) => {
      throw unusable(folder, `${name} cannot be read (${errorCode(error) ?? "UNKNOWN"})`, error);
    });
  // One after the other: of an empty folder, always the same is said.
  const certificate = await read("tls.crt");
  const key = await read("tls.key");
  const fault = keyPairFault({ certificate, key }, { certificate: "tls.crt", key: "tls.key" });
  if (fault !== undefined) throw unusable(folder, fault);
  return { certificate, key };
}

function unusable(folder: string, what: string, origin?: unknown): OperatorError {
  return new OperatorError(
    {
      reason: "CertificateUnreadable",
      cause: "Platform",
      retry: "slowly",
      message: `${what} in ${folder}: mount a Secret of type kubernetes.io/tls there, or leave --metrics-certificate out`,
    },
    origin,
  );
}

// Nobody can check whose it is, so nothing is lost by a long life; it is made anew at each start.
const lifetime = Temporal.Duration.from({ hours: 24 * 365 * 10 });

/** One that nobody else signed: it keeps listeners off the wire, and proves nothing. What makes it is loaded now. */
export async function selfMadeCertificate(clock: Clock, host: string): Promise<KeyAndCertificate> {
  const { certificateAuthority } = await import("../tls/certificate-authority.ts");
  return certificateAuthority("regcred", { now: clock.now(), lifetime }).issue({ name: host, hosts: [host] });
}
