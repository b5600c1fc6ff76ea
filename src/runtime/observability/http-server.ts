// HTTP server for reads, over plain HTTP or https, that says why it cannot listen.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import type { Log } from "./log.ts";
import { errorFields } from "./log-watch.ts";
import { paceAnswers, paceConnections, type Rate } from "./request-pace.ts";
import type { KeyAndCertificate } from "../tls/certificate-authority.ts";

export interface ListenAddress {
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

export interface HttpServer {
  /** On which it listens. */
  readonly port: number;
  /** For connections that are made from now on; only for one that began with a certificate. */
  present(certificate: KeyAndCertificate): void;
  /** Ends open connections too. */
  close(): Promise<void>;
}

export interface Served {
  /** What is served, for people: `metrics`. */
  readonly what: string;
  /** The reason of the failure where the address cannot be used. */
  readonly unusable: string;
  /** The setting that chooses another address. */
  readonly flag: `--${string}`;
  /** By path, without the query; answers GET and HEAD. */
  readonly pages: ReadonlyMap<string, (response: ServerResponse, request: IncomingMessage) => void>;
  /** The most connections at once; more are closed as they come. */
  readonly connections: number;
  /** Who asks may be anybody, and has little of our time. */
  readonly pace?: Pace;
  /** With it, over https. */
  readonly certificate?: KeyAndCertificate | undefined;
}

export interface Pace {
  readonly clock: Clock;
  readonly connections: Rate;
  readonly answers: Rate;
}

// Milliseconds: who asks says so at once, reads the answer, and goes when there is nothing more to ask.
const patience = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16 * 1024,
};
const handshakeTimeout = 5_000;
const silenceTimeout = 10_000;

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export async function httpServer(
  { host, port }: ListenAddress,
  { what, unusable, flag, pages, connections, pace, certificate }: Served,
  log: Log,
): Promise<HttpServer> {
  const answer = (response: ServerResponse, request: IncomingMessage): void => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    const page = isRead ? pages.get(request.url?.split("?")[0] ?? "") : undefined;
    if (page) page(response, request);
    else
      response
        .writeHead(404, { "content-type": "text/plain" })
        .end(`only GET ${[...pages.keys()].join(", ")} is here\n`);
  };
  const paced = pace ? paceAnswers(answer, pace.clock, pace.answers) : answer;
  const secure =
    certificate &&
    createSecureServer({ ...patience, handshakeTimeout, ...tlsOptions(certificate) }, (request, response) =>
      paced(response, request),
    );
  const server = secure ?? createServer(patience, (request, response) => paced(response, request));
  server.maxConnections = connections;
  if (pace) paceConnections(server, pace.clock, pace.connections);
  server.setTimeout(silenceTimeout);
  const shown = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    throw new OperatorError(
      {
        reason: unusable,
        cause: "Platform",
        retry: "on-change",
        message: `cannot serve ${what} on ${shown}: ${explanations[code] ?? code}; set ${flag} to another one`,
      },
      error,
    );
  }
  // A connection that cannot be accepted must not end the operator.
  server.on("error", (error) => log.warn("not served", { what, ...errorFields(error) }));
  const { port: taken } = server.address() as AddressInfo;
  log.info("serving", { what, host, port: taken });
  return {
    port: taken,
    present: (next) => secure?.setSecureContext(tlsOptions(next)),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function tlsOptions({ certificate, key }: KeyAndCertificate): { readonly cert: string; readonly key: string } {
  return { cert: certificate, key };
}

// The codes that listen(2) and the look-up of a name have: https://nodejs.org/api/errors.html#common-system-errors
const explanations: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "the port is for privileged programs",
  ENOTFOUND: "the name is not known",
};
