// A relay by which a test cuts the connections of one client to a server, and no others.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** Cuts the connections that there are; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

/** Carries bytes to a port of loopback, as they are; it listens there, too, or at another address of this machine. */
export async function relayTo(target: number, address = "127.0.0.1"): Promise<Relay> {
  const sockets = new Set<Socket>();
  const kept = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((incoming) => {
    const outgoing = kept(connect(target, "127.0.0.1"));
    kept(incoming).pipe(outgoing).pipe(incoming);
    incoming.once("close", () => outgoing.destroy());
    outgoing.once("close", () => incoming.destroy());
  });
  server.listen(0, address);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
