// Tests that the metrics are served over https with the certificate that there is, and with the new one when it is renewed.
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../../src/runtime/observability/metrics-access.ts";
import { metricsServer } from "../../../src/runtime/observability/metrics-server.ts";
import { certificateIn, selfMadeCertificate } from "../../../src/runtime/observability/serving-certificate.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { fakeClock } from "../../fake-clock.ts";

const silent = (): void => undefined;
const metrics = { text: () => Promise.resolve("up 1\n"), contentType: "text/plain" as never };

describe("the metrics over https", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-certificate-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const mount = async (name: string): Promise<string> => {
    const authority = certificateAuthority(name);
    const { certificate, key } = authority.issue({ name: "regcred", hosts: ["127.0.0.1"] });
    await writeFile(join(folder, "tls.crt"), certificate);
    await writeFile(join(folder, "tls.key"), key);
    return authority.certificate;
  };
  const statusOf = async (port: number, ca: string, token = "abc"): Promise<number> => {
    const dispatcher = new Agent({ connect: { ca } });
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/metrics`, { dispatcher, headers });
    await body.dump();
    await dispatcher.close();
    return statusCode;
  };

  it("are shown to who may, refused to others, and follow a renewed certificate", async () => {
    const first = await mount("first");
    const clock = fakeClock();
    const warnings: string[] = [];
    const log = { debug: silent, info: silent, warn: (message: string) => void warnings.push(message), error: silent };
    const known: Readonly<Record<string, Access>> = { "Bearer abc": "allowed", "Bearer other": "forbidden" };
    const access = (header = ""): Promise<Access> => Promise.resolve(known[header] ?? "unauthenticated");
    const server = await metricsServer(
      { host: "127.0.0.1", port: 0 },
      { metrics, log, clock, secure: { access, certificate: () => certificateIn(folder) } },
    );
    try {
      expect(await statusOf(server.port, first)).toBe(200);
      expect(await statusOf(server.port, first, "other")).toBe(403);
      expect(await statusOf(server.port, first, "")).toBe(401);
      const second = await mount("second");
      await expect(statusOf(server.port, second)).rejects.toThrow(/certificate|signature/);
      await clock.advance(Temporal.Duration.from({ minutes: 1 }));
      await expect.poll(() => statusOf(server.port, second).catch(() => 0)).toBe(200);
      await rm(join(folder, "tls.key"));
      await clock.advance(Temporal.Duration.from({ minutes: 1 }));
      await expect.poll(() => warnings).toEqual(["certificate not renewed"]);
      expect(await statusOf(server.port, second)).toBe(200);
    } finally {
      await server.close();
    }
  });

  it("may use a certificate that nobody else has signed", async () => {
    const made = await selfMadeCertificate(fakeClock(), "regcred-metrics.regcred-system.svc");
    const read = new X509Certificate(made.certificate);
    expect(read.subjectAltName).toBe("DNS:regcred-metrics.regcred-system.svc");
    expect(read.validTo).toMatch(/ 2035 GMT$/);
    // Whoever's clock is some minutes behind takes it, too.
    expect(read.validFrom).toBe("Dec 31 23:00:00 2025 GMT");
  });

  const own = certificateAuthority("own").issue({ name: "regcred", hosts: ["127.0.0.1"] });
  const other = certificateAuthority("other").issue({ name: "regcred", hosts: ["127.0.0.1"] });

  it.for([
    ["tls.crt is empty", "", own.key],
    ["tls.key is empty", own.certificate, "\n"],
    ["tls.crt is no PEM certificate", own.key, own.key],
    ["tls.key is no PEM private key without a passphrase", own.certificate, own.certificate],
    ["tls.key is not the key of the certificate in tls.crt", own.certificate, other.key],
  ] as const)("are not begun where %s, and nothing of it is quoted", async ([fault, certificate, key]) => {
    await writeFile(join(folder, "tls.crt"), certificate);
    await writeFile(join(folder, "tls.key"), key);
    await expect(certificateIn(folder)).rejects.toMatchObject({
      reason: "CertificateUnreadable",
      message: `${fault} in ${folder}: mount a Secret of type kubernetes.io/tls there, or leave --metrics-certificate out`,
    });
  });

  it("say which file is missing", async () => {
    await expect(certificateIn(join(folder, "nowhere"))).rejects.toMatchObject({
      reason: "CertificateUnreadable",
      message: expect.stringContaining("tls.crt cannot be read (ENOENT) in") as string,
    });
  });
});
