// How does a test get a certificate with an RSA key, as Entra and Oracle want it? Node makes keys, not certificates.
import { generateKeyPairSync, sign } from "node:crypto";
import { der } from "../../src/runtime/tls/der.ts";

/** One that signs itself and is valid for a day; both PEM. */
export function rsaCertificate(
  commonName: string,
  keyFormat: "pkcs1" | "pkcs8",
): { readonly certificate: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = Temporal.Now.instant();
  // sha256WithRSAEncryption and commonName: RFC 8017 appendix A.2, RFC 5280 appendix A.1.
  const algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"), Buffer.from([5, 0]));
  const name = der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), der.text(commonName))));
  const toBeSigned = der.sequence(
    der.tagged(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.from([1])),
    algorithm,
    name,
    der.sequence(der.time(now.subtract({ hours: 1 })), der.time(now.add({ hours: 24 }))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const whole = der.sequence(toBeSigned, algorithm, der.bits(sign("sha256", toBeSigned, privateKey)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificate: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: keyFormat, format: "pem" }),
  };
}
