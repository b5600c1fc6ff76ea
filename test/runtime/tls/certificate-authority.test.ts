// Tests that others can read our certificates, also after 2049, when their times are encoded in another way.
import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { certificateAuthority } from "../../../src/runtime/tls/certificate-authority.ts";

const lifetime = Temporal.Duration.from({ hours: 24 * 365 * 10 });
const authorityOf = (now: string) => certificateAuthority("regcred", { now: Temporal.Instant.from(now), lifetime });

it.each([
  ["2045-06-01T00:00:01.9Z", "May 31 23:00:01 2045 GMT", "May 30 00:00:01 2055 GMT"],
  ["2051-06-01T00:00:00Z", "May 31 23:00:00 2051 GMT", "May 29 00:00:00 2061 GMT"],
])("a certificate that is made in %s is read by others, and its authority stands for it", (now, from, until) => {
  const authority = authorityOf(now);
  const ca = new X509Certificate(authority.certificate);
  const own = new X509Certificate(authority.issue({ name: "regcred", hosts: ["regcred.svc"] }).certificate);
  for (const { validFrom, validTo } of [ca, own]) {
    expect(validFrom).toBe(from);
    expect(validTo).toBe(until);
  }
  expect(own.verify(ca.publicKey)).toBe(true);
  expect(own.checkIssued(ca)).toBe(true);
  expect(own.checkHost("regcred.svc")).toBe("regcred.svc");
});

it("a server is named by its hosts, addresses of both kinds among them, and is no authority", () => {
  const authority = authorityOf("2026-01-01T00:00:00Z");
  const { certificate, key } = authority.issue({ name: "regcred", hosts: ["regcred.svc", "10.0.0.7", "2001:db8::7"] });
  const own = new X509Certificate(certificate);
  expect(own.subjectAltName).toBe("DNS:regcred.svc, IP Address:10.0.0.7, IP Address:2001:DB8:0:0:0:0:0:7");
  // serverAuth: RFC 5280 section 4.2.1.12.
  expect(own.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect([own.ca, new X509Certificate(authority.certificate).ca]).toEqual([false, true]);
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
});

it("a user is named with groups, and is no server", () => {
  const { certificate } = authorityOf("2026-01-01T00:00:00Z").issue({ name: "ann", groups: ["a", "b"] });
  const own = new X509Certificate(certificate);
  expect(own.subject).toBe("O=a\nO=b\nCN=ann");
  // clientAuth.
  expect(own.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
});

it("no two certificates of an authority have one number", () => {
  const authority = authorityOf("2026-01-01T00:00:00Z");
  const numbers = [1, 2, 3].map(() => new X509Certificate(authority.issue({ name: "x" }).certificate).serialNumber);
  expect(new Set(numbers).size).toBe(3);
  expect(numbers.every((number) => /^[4-7][0-9A-F]{31}$/.test(number))).toBe(true);
});
