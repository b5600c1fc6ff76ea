// Are times and object identifiers written as RFC 5280 and X.690 want them?
import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { certificateAuthority } from "../../../src/runtime/tls/certificate-authority.ts";
import { der } from "../../../src/runtime/tls/der.ts";

const written = (time: string): string => der.time(Temporal.Instant.from(time)).toString("latin1");

it.each([
  ["2026-11-30T12:00:01.9Z", "\u0017\r261130120001Z"],
  ["2049-12-31T23:59:59Z", "\u0017\r491231235959Z"],
  ["2050-01-01T00:00:00Z", "\u0018\u000f20500101000000Z"],
  ["2101-02-03T04:05:06Z", "\u0018\u000f21010203040506Z"],
])("%s is a UTCTime until 2049 and a GeneralizedTime from 2050 on", (time, text) => {
  expect(written(time)).toBe(text);
});

it.each([
  // X.690 section 8.19.5 has this example.
  ["2.100.3", "0603813403"],
  ["1.2.840.10045.4.3.2", "06082a8648ce3d040302"],
  ["2.5.29.17", "0603551d11"],
  ["1.3.6.1.4.1.4294967295", "060a2b060104018fffffff7f"],
])("the object identifier %s is %s", (dotted, hex) => {
  expect(der.oid(dotted).toString("hex")).toBe(hex);
});

it.each([
  ["2045-06-01T00:00:00Z", "2045 GMT", "2055 GMT"],
  ["2051-06-01T00:00:00Z", "2051 GMT", "2061 GMT"],
])("a certificate that is made in %s is read by others, and its authority stands for it", (now, from, until) => {
  const lifetime = Temporal.Duration.from({ hours: 24 * 365 * 10 });
  const authority = certificateAuthority("regcred", { now: Temporal.Instant.from(now), lifetime });
  const ca = new X509Certificate(authority.certificate);
  const own = new X509Certificate(authority.issue({ name: "regcred", hosts: ["regcred.svc"] }).certificate);
  for (const { validFrom, validTo } of [ca, own]) {
    expect(validFrom.endsWith(from)).toBe(true);
    expect(validTo.endsWith(until)).toBe(true);
  }
  expect(own.verify(ca.publicKey)).toBe(true);
  expect(own.checkHost("regcred.svc")).toBe("regcred.svc");
});
