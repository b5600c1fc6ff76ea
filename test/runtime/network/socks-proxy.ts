// A SOCKS 5 proxy that records the calls through it. RFC 1928, and 1929 for logins.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface SocksProxy {
  readonly url: string;
  readonly asked: { readonly target: string; readonly login: string }[];
  close(): Promise<void>;
}

/** Leads all to one loopback port, or refuses all. */
export async function socksProxy({
  port = 0,
  refuses = false,
}: {
  readonly port?: number;
  readonly refuses?: boolean;
}): Promise<SocksProxy> {
  const asked: { readonly target: string; readonly login: string }[] = [];
  const sockets = new Set<Socket>();
  const serve = async (client: Socket): Promise<void> => {
    const next = (): Promise<Buffer> =>
      new Promise((resolve) => {
        client.once("data", resolve);
      });
    const methods = await next();
    const withLogin = methods.subarray(2).includes(2);
    client.write(Buffer.from([5, withLogin ? 2 : 0]));
    const login = withLogin ? loginIn(await next()) : "";
    if (withLogin) client.write(Buffer.from([1, 0]));
    const request = await next();
    // A name: type 3, its length, its bytes, the port.
    const length = request[4] ?? 0;
    const name = request.subarray(5, 5 + length).toString();
    asked.push({ target: `${name}:${request.readUInt16BE(5 + length)}`, login });
    client.write(Buffer.from([5, refuses ? 2 : 0, 0, 1, 127, 0, 0, 1, 0, 0]));
    if (refuses) return;
    const upstream = connect(port, "127.0.0.1");
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.pipe(client).pipe(upstream);
  };
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    void serve(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `socks5://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function loginIn(message: Buffer): string {
  const length = message[1] ?? 0;
  const name = message.subarray(2, 2 + length).toString();
  return `${name}:${message.subarray(3 + length).toString()}`;
}
