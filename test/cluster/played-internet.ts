// A made-up internet for a program under test: a proxy behind which each host is played here.
import { once } from "node:events";
import { createServer as createProxy, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { certificateAuthority } from "./certificates.ts";

export interface PlayedCall {
  readonly method: string;
  /** Whom the program believes to be talking to, without port. */
  readonly host: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PlayedReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PlayedInternet {
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string;
  /** PEM, for NODE_EXTRA_CA_CERTS: nothing trusts the hosts without it. */
  readonly ca: string;
  /** Cuts calls under way. */
  close(): Promise<void>;
}

/**
 * A proxy on loopback (CONNECT, RFC 9110 section 9.3.6) that leads to no other machine: behind it, all these hosts are
 * one https server, and there are no others.
 */
export async function playedInternet(
  hosts: readonly string[],
  answer: (call: PlayedCall) => Promise<PlayedReply>,
): Promise<PlayedInternet> {
  const authority = certificateAuthority("played-internet-ca");
  const { certificate, key } = authority.issue({ name: "played-internet", hosts });
  const server = createTls({ cert: certificate, key }, (request, response) => {
    const answered = async (): Promise<void> => {
      const { status, headers, body } = await answer(await callOf(request));
      response.writeHead(status, headers).end(body);
    };
    answered().catch((error: unknown) => response.destroy(error as Error));
  });
  const tunnels = new Set<Socket>();
  const proxy = createProxy((_request, response) => void response.writeHead(405).end());
  proxy.on("connect", ({ url = "" }: IncomingMessage, socket: Socket, head: Buffer) => {
    if (!hosts.some((host) => url === `${host}:443`)) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    tunnels.add(socket);
    socket.once("close", () => tunnels.delete(socket));
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    server.emit("connection", socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    ca: authority.certificate,
    close: async () => {
      const closed = once(proxy, "close");
      proxy.close();
      proxy.closeAllConnections();
      for (const each of tunnels) each.destroy();
      await closed;
    },
  };
}

async function callOf(request: IncomingMessage): Promise<PlayedCall> {
  const { method = "", url: path = "", headers } = request;
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return {
    method,
    path,
    headers,
    host: (headers.host ?? "").replace(/:\d+$/, ""),
    body: Buffer.concat(pieces).toString(),
  };
}
