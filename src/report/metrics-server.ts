// How does Prometheus get the metrics? Over plain HTTP, from one path; what is told is no secret.
import { type HttpServer, httpServer, type ListenAddress } from "./http-server.ts";
import type { Log } from "./log.ts";
import { errorFields } from "./log-watch.ts";
import type { Instruments } from "./instruments.ts";

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export function metricsServer(
  address: ListenAddress,
  { metrics, log }: { readonly metrics: Pick<Instruments, "text" | "contentType">; readonly log: Log },
): Promise<HttpServer> {
  return httpServer(
    address,
    {
      what: "metrics",
      unusable: "MetricsAddressUnusable",
      flag: "--metrics-address",
      pages: new Map([
        [
          "/metrics",
          (response) => {
            metrics.text().then(
              (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
              (error: unknown) => {
                log.error("metrics not collected", errorFields(error));
                response.writeHead(500).end();
              },
            );
          },
        ],
      ]),
    },
    log,
  );
}
