// Serves liveness and readiness for the kubelet. A process that is stuck does not answer, which says it too.
import type { ServerResponse } from "node:http";
import { type HttpServer, httpServer, type ListenAddress } from "./http-server.ts";
import type { Log } from "./log.ts";

/** Undefined: all is well. Else what is wrong, in a few words for `kubectl describe pod`. */
export type Complaint = () => string | undefined;

export interface Health {
  /** Why it should be started anew. */
  readonly live: Complaint;
  /** Why it could not take over, or not go on, at once. */
  readonly ready: Complaint;
}

// A kubelet needs one or two.
const connections = 256;

/** Resolves once it listens; rejects with an OperatorError where it cannot. */
export function healthServer(address: ListenAddress, { live, ready }: Health, log: Log): Promise<HttpServer> {
  const tell =
    (complaint: Complaint) =>
    (response: ServerResponse): void => {
      const wrong = complaint();
      response.writeHead(wrong === undefined ? 200 : 503, { "content-type": "text/plain" }).end(`${wrong ?? "ok"}\n`);
    };
  return httpServer(
    address,
    {
      what: "health",
      unusable: "HealthAddressUnusable",
      flag: "--health-address",
      connections,
      pages: new Map([
        ["/livez", tell(live)],
        ["/readyz", tell(ready)],
      ]),
    },
    log,
  );
}
