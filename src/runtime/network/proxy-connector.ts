// Connects undici's pools through a proxy.
import type { Socket } from "node:net";
import { buildConnector } from "undici";
import type { Clock } from "../clock.ts";
import type { Proxy } from "./proxy-for.ts";
import type { Target } from "./tunnel.ts";

/**
 * For undici's pools. What fails on the way to the proxy, or is refused there, is a ProxyError; what fails behind it is
 * what it would be without.
 * @param tls of the connection to the server
 */
export function throughProxy(proxy: Proxy, tls: buildConnector.BuildOptions, clock: Clock): buildConnector.connector {
  const secure = buildConnector({ ...tls, allowH2: false });
  // Most have no proxy. Node loads its own fetch with an import of node:http, which takes as long as a short command.
  const tunnelled = async (target: Target): Promise<Socket> =>
    (await import("./tunnel.ts")).tunnel(proxy, target, clock);
  return (options, connected) => {
    const { hostname, protocol, port } = options;
    const isSecure = protocol === "https:";
    const host = hostname.replace(/^\[|\]$/g, "");
    tunnelled({ host, port: port ? Number(port) : isSecure ? 443 : 80 }).then(
      (socket) => {
        if (isSecure) secure({ ...options, httpSocket: socket }, connected);
        else connected(null, socket);
      },
      (error: Error) => connected(error, null),
    );
  };
}
