// Starts and stops a server of a test on the loopback address.
import type { AddressInfo, Server as NetServer } from "node:net";

/** What http's servers and https' have in common. */
type Server = NetServer & { closeAllConnections(): void };

/** On a free port of loopback; resolves to it. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Whoever is connected is cut off. */
export async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
