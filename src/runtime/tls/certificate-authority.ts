// Certificates that nobody else has to sign: RFC 5280's structures and their encoding are a library's, keys and signatures Node's.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";

/** A certificate and its private key, both PEM (X.509 and PKCS #8). */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate names: a server by `hosts` (names or IP addresses), a Kubernetes user by `name` and `groups`. */
export interface Subject {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly hosts?: readonly string[];
}

export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  issue(subject: Subject): KeyAndCertificate;
}

/** From when and for how long its certificates count. */
export interface Validity {
  readonly now: Temporal.Instant;
  readonly lifetime: Temporal.Duration;
}

// Attributes of names, RFC 5280 appendix A.1, and ecdsa-with-SHA256, RFC 5758 section 3.2: https://www.rfc-editor.org/rfc/rfc5280
const commonName = "2.5.4.3";
const organization = "2.5.4.10";
const ecdsaWithSha256 = "1.2.840.10045.4.3.2";

// Covers a clock that is set back.
const backdated = Temporal.Duration.from({ hours: 1 });

/** A new authority with a P-256 key of its own. */
export function certificateAuthority(name: string, validity: Validity): CertificateAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = distinguishedName({ name });
  const keyIdentifier = identifierOf(keys.publicKey);
  const signed = (subject: x509.Name, publicKey: KeyObject, extensions: readonly x509.Extension[]): string => {
    const certificate = new x509.TBSCertificate({
      version: x509.Version.v3,
      serialNumber: serialNumber(),
      signature: new x509.AlgorithmIdentifier({ algorithm: ecdsaWithSha256 }),
      issuer,
      validity: validityPeriod(validity),
      subject,
      subjectPublicKeyInfo: AsnConvert.parse(derOf(publicKey), x509.SubjectPublicKeyInfo),
      extensions: new x509.Extensions([...extensions]),
    });
    return signedBy(keys.privateKey, certificate);
  };
  return {
    certificate: signed(issuer, keys.publicKey, [
      extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: true }), true),
      extension(
        x509.id_ce_keyUsage,
        new x509.KeyUsage(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
        true,
      ),
      extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(keyIdentifier)),
    ]),
    issue: (subject) => {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const hosts = subject.hosts ?? [];
      const purpose = hosts.length > 0 ? x509.id_kp_serverAuth : x509.id_kp_clientAuth;
      const extensions = [
        extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature), true),
        extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([purpose])),
        extension(x509.id_ce_authorityKeyIdentifier, new x509.AuthorityKeyIdentifier({ keyIdentifier })),
      ];
      if (hosts.length > 0) {
        const names = new x509.SubjectAlternativeName(hosts.map(alternativeName));
        extensions.push(extension(x509.id_ce_subjectAltName, names));
      }
      return {
        certificate: signed(distinguishedName(subject), own.publicKey, extensions),
        key: own.privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}

/** PEM. */
function signedBy(key: KeyObject, certificate: x509.TBSCertificate): string {
  const signature = sign("sha256", Buffer.from(AsnConvert.serialize(certificate)), key);
  const whole = new x509.Certificate({
    tbsCertificate: certificate,
    signatureAlgorithm: certificate.signature,
    signatureValue: bytes(signature),
  });
  const lines =
    Buffer.from(AsnConvert.serialize(whole))
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** 126 random bits: positive, and of one length. */
function serialNumber(): ArrayBuffer {
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  return bytes(serial);
}

function validityPeriod({ now, lifetime }: Validity): x509.Validity {
  const period = new x509.Validity();
  period.notBefore = new x509.Time(now.subtract(backdated).epochMilliseconds);
  period.notAfter = new x509.Time(now.add(lifetime).epochMilliseconds);
  return period;
}

// Kubernetes reads the user from the common name and the groups from the organizations:
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
function distinguishedName({ name, groups = [] }: Subject): x509.Name {
  const attribute = (type: string, utf8String: string): x509.RelativeDistinguishedName => {
    const value = new x509.AttributeValue({ utf8String });
    return new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type, value })]);
  };
  return new x509.Name([...groups.map((group) => attribute(organization, group)), attribute(commonName, name)]);
}

function extension(extnID: string, value: object, critical = false): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function identifierOf(key: KeyObject): x509.KeyIdentifier {
  return new x509.KeyIdentifier(bytes(createHash("sha1").update(derOf(key)).digest()));
}

function alternativeName(host: string): x509.GeneralName {
  return new x509.GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host });
}

function derOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function bytes(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}
