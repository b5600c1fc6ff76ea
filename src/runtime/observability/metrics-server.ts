// Serves the metrics to Prometheus: over plain HTTP, or over https and only with a token that may read them.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cancel, Clock } from "../clock.ts";
import type { MetricsAccess } from "./metrics-access.ts";
import type { KeyAndCertificate } from "../tls/certificate-authority.ts";
import { type HttpServer, httpServer, type ListenAddress } from "./http-server.ts";
import type { Log } from "./log.ts";
import { errorFields } from "./log-watch.ts";

export interface MetricsServerOptions {
  readonly metrics: { readonly text: () => Promise<string>; readonly contentType: string };
  readonly log: Log;
  readonly clock: Clock;
  /** Without, whoever reaches the port may read, over plain HTTP. */
  readonly secure?: SecureServing | undefined;
}

export interface SecureServing {
  readonly access: MetricsAccess;
  /** Asked again every minute: mounted certificates are renewed in place. */
  readonly certificate: () => Promise<KeyAndCertificate>;
}

// The kubelet brings a changed Secret within about a minute: https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod
const lookAgain = Temporal.Duration.from({ minutes: 1 });

const denials = { unauthenticated: 401, forbidden: 403, busy: 503 } as const;

// A Prometheus or two, each with one, which it keeps.
const connections = 64;
// A handshake takes a millisecond or two, an answer a fraction of one: together a few hundredths of the thread's time.
const pace = { connections: { perSecond: 20, burst: connections }, answers: { perSecond: 100, burst: 128 } };

// All work shares one thread: whatever is asked, the text is made once a second at most, and takes a twentieth of the time.
const shortestAge = 1_000;
const share = 20;

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export async function metricsServer(
  address: ListenAddress,
  { metrics, log, clock, secure }: MetricsServerOptions,
): Promise<HttpServer> {
  const latestText = seldom(metrics.text, clock);
  const page = async (response: ServerResponse, request: IncomingMessage): Promise<void> => {
    const access = await (secure?.access(request.headers.authorization) ?? "allowed");
    if (access !== "allowed") {
      const again = access === "busy" ? { "retry-after": "1" } : {};
      response.writeHead(denials[access], { "content-type": "text/plain", ...again }).end(`${access}\n`);
      return;
    }
    const text = await latestText();
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
      connections,
      pace: { clock, ...pace },
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
  const stop = secure ? followCertificate({ ...secure, clock }, server, log) : () => undefined;
  return {
    ...server,
    close: async () => {
      stop();
      await server.close();
    },
  };
}

/** The bytes that were made last, to all who ask within a while: they are held once, however slowly they are read. */
function seldom(text: () => Promise<string>, clock: Clock): () => Promise<Buffer> {
  let made: Promise<Buffer> | undefined;
  let until = -Infinity;
  return () => {
    const began = clock.elapsed();
    if (made && began < until) return made;
    until = Infinity;
    made = text()
      .then((all) => Buffer.from(all))
      .finally(() => {
        const now = clock.elapsed();
        until = now + Math.max(shortestAge, (now - began) * share);
      });
    return made;
  };
}

type Followed = Pick<SecureServing, "certificate"> & { readonly clock: Clock };

function followCertificate({ certificate, clock }: Followed, server: HttpServer, log: Log): Cancel {
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
