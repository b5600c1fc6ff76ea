// A local API server for tests that misbehaves.
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Connection, Credentials } from "../../../src/runtime/client/connection.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";
import type { KeyAndCertificate } from "../../cluster/certificates.ts";

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (received: Received, response: ServerResponse) => void;

export interface LocalServer {
  readonly url: string;
  readonly received: Received[];
  /** Connections opened since the start. */
  opened(): number;
  /** Connections open now. */
  open(): number;
  close(): Promise<void>;
}

/** Listens on a free loopback port; `answer` gets each request with its whole body. */
export async function localServer(answer: Answer, tls?: KeyAndCertificate): Promise<LocalServer> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  let opened = 0;
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://server.invalid");
      const one = {
        method: request.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
      };
      received.push(one);
      answer(one, response);
    });
  };
  const server = tls ? createTls({ key: tls.key, cert: tls.certificate }, listener) : createPlain(listener);
  server.on("connection", (socket: Socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    received,
    opened: () => opened,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Ends an answer with JSON. */
export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A Status as the API server writes it. */
export function status(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
}

/** A connection whose credentials the test decides at each read; `reads` tells of every read. */
export function localConnection(
  server: string,
  credentials: (read: { readonly count: number; readonly reread: boolean }) => Partial<Credentials> = () => ({}),
): Connection & { readonly reads: boolean[] } {
  const reads: boolean[] = [];
  return {
    server,
    context: "test",
    reads,
    credentials: ({ reread }) => {
      reads.push(reread);
      return Promise.resolve({ tls: {}, headers: {}, ...credentials({ count: reads.length, reread }) });
    },
  };
}

export const bearer = (token: string): Redacted => new Redacted(`Bearer ${token}`);
