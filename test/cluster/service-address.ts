// Makes the API server reachable for pods at the address that their environment names, without kube-proxy.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { outputOf } from "./output-of.ts";

export interface ServiceAddress {
  stop(): Promise<void>;
}

// Should nobody take the address away, the kernel does: longer than any test runs.
const leaseSeconds = 7200;
// https://kubernetes.io/docs/concepts/services-networking/service/: the Service "kubernetes" has the first address.
const port = 443;

/**
 * Gives this machine the address of the Service `kubernetes` and passes its connections on to a server on loopback.
 * @throws Error with what `ip` said.
 */
export async function serviceAddress(address: string, server: string): Promise<ServiceAddress> {
  const lifetime = ["valid_lft", String(leaseSeconds), "preferred_lft", String(leaseSeconds)];
  await ip("address", "replace", `${address}/32`, "dev", "lo", ...lifetime);
  const { hostname, port: target } = new URL(server);
  const open = new Set<Socket>();
  const listener = createServer((incoming) => {
    const outgoing = connect(Number(target), hostname);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  listener.listen(port, address);
  await once(listener, "listening");
  return {
    stop: async () => {
      listener.close();
      for (const socket of open) socket.destroy();
      await ip("address", "delete", `${address}/32`, "dev", "lo");
    },
  };
}

function ip(...args: readonly string[]): Promise<string> {
  return outputOf("ip", args);
}
