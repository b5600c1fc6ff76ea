// A test server that stands in for the hosts of a vendor.
import { createServer as createPlain, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTls } from "node:https";
import { text as textOf } from "node:stream/consumers";
import type { Http } from "../../../src/providers/http/http.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { closed, listening } from "./loopback-server.ts";

export interface VendorCall {
  readonly method: string;
  /** Whom the client believes to be talking to, without port. */
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface VendorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface VendorServer {
  /** PEM; nothing trusts the server without it. */
  readonly ca: string;
  /** Of plain http, for what is on the machine. */
  readonly plainUrl: string;
  readonly tlsPort: number;
  /** All since the start, in order. */
  readonly calls: readonly VendorCall[];
  /** From now on, paths that end so are answered so. */
  answer(path: string, reply: VendorReply | ((call: VendorCall) => Promise<VendorReply>)): void;
  /** All https hosts are this server. */
  reachable(http: Http): Http;
  close(): Promise<void>;
}

/** Starts it on free ports of the loopback. */
export async function vendorServer(
  hosts: readonly string[],
  respond: (call: VendorCall) => VendorReply,
): Promise<VendorServer> {
  const authority = certificateAuthority("vendor-ca");
  const { certificate, key } = authority.issue({ name: "vendor", hosts: [...hosts, "127.0.0.1"] });
  const calls: VendorCall[] = [];
  const replies = new Map<string, (call: VendorCall) => Promise<VendorReply>>();
  const listener: RequestListener = (request, response) => {
    const answered = async (): Promise<void> => {
      const call = {
        method: request.method ?? "",
        host: (request.headers.host ?? "").replace(/:\d+$/, ""),
        path: request.url ?? "",
        headers: request.headers,
        body: await textOf(request),
      };
      calls.push(call);
      const [, special] = [...replies].find(([path]) => call.path.endsWith(path)) ?? [];
      const reply = await (special ?? respond)(call);
      response.writeHead(reply.status, reply.headers).end(reply.body);
    };
    answered().catch((error: unknown) => response.destroy(error as Error));
  };
  const tls = createTls({ cert: certificate, key }, listener);
  const plain = createPlain(listener);
  const [tlsPort, plainPort] = await Promise.all([listening(tls), listening(plain)]);
  return {
    ca: authority.certificate,
    plainUrl: `http://127.0.0.1:${plainPort}`,
    tlsPort,
    calls,
    answer: (path, reply) => {
      replies.set(path, typeof reply === "function" ? reply : () => Promise.resolve(reply));
    },
    reachable: (http) => (call, signal) => {
      const url = new URL(call.url);
      if (url.protocol === "https:") url.port = String(tlsPort);
      return http({ ...call, url: url.href }, signal);
    },
    close: async () => {
      await Promise.all([tls, plain].map(closed));
    },
  };
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): VendorReply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}
