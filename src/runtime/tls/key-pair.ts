// Checks that a certificate and a private key belong together and can be used.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { KeyAndCertificate } from "./certificate-authority.ts";

/** Whether it begins with a whole certificate, in PEM. */
export function isCertificate(pem: string): boolean {
  return certificateFrom(pem) !== undefined;
}

/** The first of a chain. */
function certificateFrom(pem: string): X509Certificate | undefined {
  const [first] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem) ?? [];
  try {
    return first === undefined ? undefined : new X509Certificate(first);
  } catch {
    return undefined;
  }
}

/** What `certificate` and `key` are called where they come from: files, or fields. */
interface Names {
  readonly certificate: string;
  readonly key: string;
}

/** Undefined: they are a pair. Otherwise what is wrong, without anything of what they hold. */
export function keyPairFault({ certificate, key }: KeyAndCertificate, names: Names): string | undefined {
  if (certificate.trim() === "") return `${names.certificate} is empty`;
  if (key.trim() === "") return `${names.key} is empty`;
  const leaf = certificateFrom(certificate);
  if (!leaf) return `${names.certificate} is no PEM certificate`;
  let own: KeyObject;
  try {
    own = createPrivateKey(key);
  } catch {
    return `${names.key} is no PEM private key without a passphrase`;
  }
  return leaf.checkPrivateKey(own)
    ? undefined
    : `${names.key} is not the key of the certificate in ${names.certificate}`;
}
