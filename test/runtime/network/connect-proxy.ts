// A CONNECT proxy that records the calls through it.
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface ConnectProxy {
  readonly url: string;
  /** `host:port` of each CONNECT, in order. */
  readonly tunnels: string[];
  /** The proxy-authorization of each. */
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** A status with which it answers instead, or what else it does. */
  readonly failure?: number | "closes" | "is silent";
  /** It answers no CONNECT before this. Default: at once. */
  readonly until?: Promise<void>;
  /** Where it listens; on loopback by default. */
  readonly address?: string;
}

/** Tunnels everything to one loopback port, whatever host is asked for. */
export async function connectProxy(
  port: number,
  { failure, until = Promise.resolve(), address = "127.0.0.1" }: ConnectProxyOptions = {},
): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    tunnels.push(request.url ?? "");
    authorizations.push(request.headers["proxy-authorization"]);
    client.on("error", () => client.destroy());
    if (failure === "is silent") return;
    if (failure === "closes") {
      client.destroy();
      return;
    }
    if (failure !== undefined) {
      client.end(`HTTP/1.1 ${failure} No\r\ncontent-length: 6\r\n\r\nsecret`);
      return;
    }
    const upstream = connect(port, "127.0.0.1", () => {
      void until.then(() => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    tunnels,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
