// Tests that metrics are served with the certificate of the install's folder, else with one that is made once.
import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { secureServing } from "../../src/operator/secure-serving.ts";
import type { Transport } from "../../src/runtime/client/transport.ts";
import { systemClock } from "../../src/runtime/clock.ts";

const servingWith = (metricsCertificate: string | undefined) =>
  secureServing({ namespace: "ops", metricsCertificate }, {} as Transport, systemClock());

it("without a folder metrics are served with one certificate, for the Service of the namespace", async () => {
  const { certificate } = servingWith(undefined);
  const made = await certificate();
  expect(new X509Certificate(made.certificate).subjectAltName).toContain("DNS:regcred-metrics.ops.svc");
  expect(await certificate()).toBe(made);
});

it("with a folder metrics are served with no other certificate than the one in it", async () => {
  await expect(servingWith("/nowhere/at-all").certificate()).rejects.toThrow("/nowhere/at-all");
});
