// A certificate with an RSA key, as Entra and Oracle want it. Node makes keys, not certificates.
import { generateKeyPairSync, sign } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";

// RFC 8017 appendix A.2 and RFC 5280 appendix A.1.
const sha256WithRsa = new x509.AlgorithmIdentifier({ algorithm: "1.2.840.113549.1.1.11", parameters: null });
const commonNameType = "2.5.4.3";

/** One that signs itself and is valid for a day; both PEM. */
export function rsaCertificate(
  commonName: string,
  keyFormat: "pkcs1" | "pkcs8",
): { readonly certificate: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const value = new x509.AttributeValue({ utf8String: commonName });
  const attribute = new x509.AttributeTypeAndValue({ type: commonNameType, value });
  const name = new x509.Name([new x509.RelativeDistinguishedName([attribute])]);
  const now = Temporal.Now.instant();
  const validity = new x509.Validity();
  validity.notBefore = new x509.Time(now.subtract({ hours: 1 }).epochMilliseconds);
  validity.notAfter = new x509.Time(now.add({ hours: 24 }).epochMilliseconds);
  const tbsCertificate = new x509.TBSCertificate({
    serialNumber: new Uint8Array([1]).buffer,
    signature: sha256WithRsa,
    issuer: name,
    validity,
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ type: "spki", format: "der" }),
      x509.SubjectPublicKeyInfo,
    ),
  });
  const signature = sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey);
  const whole = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: sha256WithRsa,
    signatureValue: new Uint8Array(signature).buffer,
  });
  const base64 = Buffer.from(AsnConvert.serialize(whole)).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return {
    certificate: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: keyFormat, format: "pem" }),
  };
}
