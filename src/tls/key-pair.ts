// Do a certificate and a private key belong together, and can they be used at all?
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { KeyAndCertificate } from "./certificate-authority.ts";

/** What `certificate` and `key` are called where they come from: files, or fields. */
interface Names {
  readonly certificate: string;
  readonly key: string;
}

/** Undefined: they are a pair. Otherwise what is wrong, without anything of what they hold. */
export function keyPairFault({ certificate, key }: KeyAndCertificate, names: Names): string | undefined {
  if (certificate.trim() === "") return `${names.certificate} is empty`;
  if (key.trim() === "") return `${names.key} is empty`;
  let own: KeyObject;
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    return `${names.certificate} is no PEM certificate`;
  }
  try {
    own = createPrivateKey(key);
  } catch {
    return `${names.key} is no PEM private key without a passphrase`;
  }
  return leaf.checkPrivateKey(own)
    ? undefined
    : `${names.key} is not the key of the certificate in ${names.certificate}`;
}
