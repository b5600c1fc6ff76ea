// How does Prometheus get the metrics? From one path: over plain HTTP, or over https and only with a token that may.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cancel, Clock } from "../clock.ts";
import type { MetricsAccess } from "../kube/metrics-access.ts";
import type { KeyAndCertificate } from "../tls/certificate-authority.ts";
import { type HttpServer, httpServer, type ListenAddress } from "./http-server.ts";
import type { Instruments } from "./instruments.ts";
import type { Log } from "./log.ts";
import { errorFields } from "./log-watch.ts";

export interface MetricsServerOptions {
  readonly metrics: Pick<Instruments, "text" | "contentType">;
  readonly log: Log;
  /** Without, whoever reaches the port may read, over plain HTTP. */
  readonly secure?: SecureServing | undefined;
}

export interface SecureServing {
  readonly access: MetricsAccess;
  /** Asked again every minute: mounted certificates are renewed in place. */
  readonly certificate: () => Promise<KeyAndCertificate>;
  readonly clock: Clock;
}

// The kubelet brings a changed Secret within about a minute: https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
const lookAgain = Temporal.Duration.from({ minutes: 1 });

const refusals = { unauthenticated: 401, forbidden: 403 } as const;

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export async function metricsServer(
  address: ListenAddress,
  { metrics, log, secure }: MetricsServerOptions,
): Promise<HttpServer> {
  const page = async (response: ServerResponse, request: IncomingMessage): Promise<void> => {
    const access = await (secure?.access(request.headers.authorization) ?? "allowed");
    if (access !== "allowed") {
      response.writeHead(refusals[access], { "content-type": "text/plain" }).end(`${access}\n`);
      return;
    }
    const text = await metrics.text();
    response.writeHead(200, { "content-type": metrics.contentType }).end(text);
  };
  const failed = (response: ServerResponse, error: unknown): void => {
    log.error("metrics not collected", errorFields(error));
    response.writeHead(500).end();
  };
  const server = await httpServer(
    address,
    {
      what: "metrics",
      unusable: "MetricsAddressUnusable",
      flag: "--metrics-address",
      pages: new Map([
        [
          "/metrics",
          (response, request) => void page(response, request).catch((error: unknown) => failed(response, error)),
        ],
      ]),
      certificate: await secure?.certificate(),
    },
    log,
  );
  const stop = secure ? followCertificate(secure, server, log) : () => undefined;
  return {
    ...server,
    close: async () => {
      stop();
      await server.close();
    },
  };
}

function followCertificate({ certificate, clock }: SecureServing, server: HttpServer, log: Log): Cancel {
  let cancel: Cancel = () => undefined;
  const renew = async (): Promise<void> => {
    try {
      server.present(await certificate());
    } catch (error) {
      // The one in use goes on.
      log.warn("certificate not renewed", errorFields(error));
    }
  };
  const look = (): void => {
    void renew();
    cancel = clock.schedule(lookAgain, look);
  };
  cancel = clock.schedule(lookAgain, look);
  return () => cancel();
}
