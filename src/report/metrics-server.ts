// How does Prometheus get the metrics? Over plain HTTP, from one path; what is told is no secret.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OperatorError } from "../errors.ts";
import type { Log } from "./log.ts";
import { errorFields } from "./log-watch.ts";
import type { Metrics } from "./metrics.ts";

export interface MetricsAddress {
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

export interface MetricsServer {
  /** On which it listens. */
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export async function metricsServer(
  { host, port }: MetricsAddress,
  { metrics, log }: { readonly metrics: Pick<Metrics, "text" | "contentType">; readonly log: Log },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("only GET /metrics is here\n");
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      (error: unknown) => {
        log.error("metrics not collected", errorFields(error));
        response.writeHead(500).end();
      },
    );
  });
  const shown = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw unusable(shown, error);
  }
  // A connection that cannot be accepted must not end the operator.
  server.on("error", (error) => log.warn("metrics not served", errorFields(error)));
  const { port: taken } = server.address() as AddressInfo;
  log.info("serving metrics", { host, port: taken });
  return {
    port: taken,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

// The codes that listen(2) and the look-up of a name have: https://nodejs.org/api/errors.html#common-system-errors
const explanations: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "the port is for privileged programs",
  ENOTFOUND: "the name is not known",
};

function unusable(address: string, error: unknown): OperatorError {
  const code = String((error as NodeJS.ErrnoException).code);
  return new OperatorError(
    {
      reason: "MetricsAddressUnusable",
      cause: "Platform",
      retry: "on-change",
      message: `cannot serve metrics on ${address}: ${explanations[code] ?? code}; set --metrics-address to another one`,
    },
    error,
  );
}
