// Tests that others accept the certificates that the tests make themselves.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { certificateAuthority } from "./certificates.ts";

describe("a certificate", () => {
  it("names its hosts, its user and its groups", () => {
    const authority = certificateAuthority("ca");
    const server = new X509Certificate(
      authority.issue({ name: "server", hosts: ["127.0.0.1", "localhost"] }).certificate,
    );
    expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(server.checkHost("localhost")).toBe("localhost");
    expect(server.checkIP("127.0.0.2")).toBeUndefined();
    const client = new X509Certificate(authority.issue({ name: "alice", groups: ["a", "b"] }).certificate);
    expect(client.subject).toBe("O=a\nO=b\nCN=alice");
  });

  it("is accepted in both directions of a TLS handshake, from its own authority only", async () => {
    const authority = certificateAuthority("ca");
    const serving = authority.issue({ name: "server", hosts: ["127.0.0.1"] });
    const client = authority.issue({ name: "alice" });
    const server = createServer({
      cert: serving.certificate,
      key: serving.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.on("secureConnection", (socket: TLSSocket) => socket.end(String(socket.getPeerCertificate().subject.CN)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;

    const talk = async (ca: string): Promise<string> => {
      const socket = connect({ host: "127.0.0.1", port, ca, cert: client.certificate, key: client.key });
      const [received] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return received.toString();
    };
    expect(await talk(authority.certificate)).toBe("alice");
    await expect(talk(certificateAuthority("ca").certificate)).rejects.toThrow(/certificate/);
  });
});
