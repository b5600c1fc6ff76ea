// How does a certificate come into being that nobody else has to sign?

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { der } from "./der.ts";

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

// Object identifiers: RFC 5280 (https://www.rfc-editor.org/rfc/rfc5280) and RFC 5758 for ECDSA with SHA-256.
const oids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  subjectKeyIdentifier: "2.5.29.14",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
};

// KeyUsage bits, RFC 5280 section 4.2.1.3: digitalSignature is bit 0; keyCertSign is bit 5, cRLSign bit 6.
const signsCertificates = der.bits(Buffer.from([0b0000_0110]), 1);
const signsHandshakes = der.bits(Buffer.from([0b1000_0000]), 7);

/** From when and for how long its certificates count. */
export interface Validity {
  readonly now: Temporal.Instant;
  readonly lifetime: Temporal.Duration;
}

// Covers a clock that is set back.
const backdated = Temporal.Duration.from({ hours: 1 });

/** A new authority with a P-256 key of its own. */
export function certificateAuthority(name: string, validity: Validity): CertificateAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = distinguishedName({ name });
  const certificate = signed(validity, keys.privateKey, issuer, issuer, keys.publicKey, [
    extension(oids.basicConstraints, der.sequence(der.yes()), true),
    extension(oids.keyUsage, signsCertificates, true),
    extension(oids.subjectKeyIdentifier, der.octets(keyIdentifier(keys.publicKey))),
  ]);
  return {
    certificate,
    issue: (subject) => {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const hosts = subject.hosts ?? [];
      const extensions = [
        extension(oids.keyUsage, signsHandshakes, true),
        extension(oids.extendedKeyUsage, der.sequence(der.oid(hosts.length > 0 ? oids.serverAuth : oids.clientAuth))),
        extension(oids.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier(keys.publicKey)))),
      ];
      if (hosts.length > 0)
        extensions.push(extension(oids.subjectAltName, der.sequence(...hosts.map(alternativeName))));
      return {
        certificate: signed(validity, keys.privateKey, issuer, distinguishedName(subject), own.publicKey, extensions),
        key: own.privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}

function signed(
  { now, lifetime }: Validity,
  key: KeyObject,
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
): string {
  const algorithm = der.sequence(der.oid(oids.ecdsaWithSha256));
  const version3 = der.tagged(0, der.integer(Buffer.from([2])));
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const toBeSigned = der.sequence(
    version3,
    der.integer(serial),
    algorithm,
    issuer,
    der.sequence(der.time(now.subtract(backdated)), der.time(now.add(lifetime))),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der.tagged(3, der.sequence(...extensions)),
  );
  const whole = der.sequence(toBeSigned, algorithm, der.bits(sign("sha256", toBeSigned, key)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

// Kubernetes reads the user from the common name and the groups from the organizations:
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
function distinguishedName(subject: Subject): Buffer {
  const attribute = (oid: string, text: string): Buffer => der.set(der.sequence(der.oid(oid), der.text(text)));
  const groups = (subject.groups ?? []).map((group) => attribute(oids.organization, group));
  return der.sequence(...groups, attribute(oids.commonName, subject.name));
}

function extension(oid: string, content: Buffer, critical = false): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.yes()] : []), der.octets(content));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

// GeneralName, RFC 5280 section 4.2.1.6: dNSName is [2], iPAddress [7]. Of addresses, IPv4 only.
function alternativeName(host: string): Buffer {
  return isIP(host) === 4
    ? der.implicit(7, Buffer.from(host.split(".").map(Number)))
    : der.implicit(2, Buffer.from(host));
}
