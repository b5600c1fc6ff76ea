// A proxy that lets the connection to the API server fail, as a test pleases and for a while.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ControlPlane } from "./control-plane.ts";

export type Fault =
  /** A refusal in the API server's own form; 429 and 503 may say when to come back, in seconds. `every`: of so many one. */
  | { readonly kind: "answer"; readonly code: number; readonly retryAfter?: number; readonly every?: number }
  /** The request waits for so long before it passes. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** The true answer, well ended in its middle. */
  | { readonly kind: "half" }
  /** The request is carried out, and the connection breaks before the answer. */
  | { readonly kind: "lost" }
  /** The connection breaks before the request. */
  | { readonly kind: "reset" }
  /** Nothing comes, ever. */
  | { readonly kind: "hang" }
  /** The same, but once healed the request arrives, as TCP brings it after a partition, though nobody waits for it any more. */
  | { readonly kind: "late" };

/**
 * objects: writes but of Leases, which the API server's priority and fairness puts first. stores: what fills them, which are watches, and lists in pages where the API server does not know WatchList. Or those
 * among these whose path and query are told by the function.
 */
export type Victims = "all" | "writes" | "objects" | "watches" | "stores" | ((url: string) => boolean);

export interface FaultProxy {
  /** A kubeconfig that leads through the proxy, as the cluster's administrator. */
  readonly kubeconfig: string;
  /** `http://127.0.0.1:PORT`. */
  readonly server: string;
  /** From now on these requests meet the fault; watches that are open already are cut, if they are among them. */
  inject(fault: Fault, victims: Victims): void;
  /** From now on everything passes. What hangs goes on hanging; what is late arrives. */
  heal(): void;
  /** Late requests so far that have arrived: method, path and the HTTP status that nobody has read. */
  readonly late: readonly { readonly method: string; readonly path: string; readonly code: number }[];
  /** Requests so far. */
  count(): { readonly all: number; readonly writes: number };
  close(): Promise<void>;
}

/** Plain HTTP in, the cluster's HTTPS out; on loopback. */
export async function faultProxy(
  cluster: Pick<ControlPlane, "server" | "ca" | "adminToken" | "folder">,
): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, ca: cluster.ca });
  const watches = new Set<IncomingMessage>();
  let current: { readonly fault: Fault; readonly victims: Victims } | undefined;
  let all = 0;
  let writes = 0;
  let hits = 0;

  const server = createServer((incoming, response) => {
    const { url = "" } = incoming;
    const isWatch = url.includes("watch=true");
    const isWrite = incoming.method !== "GET";
    all += 1;
    if (isWrite) writes += 1;
    if (isWatch) {
      watches.add(incoming);
      // The request is over, for Node, once it has been read.
      response.once("close", () => watches.delete(incoming));
    }
    const isStore = isWatch || url.includes("limit=");
    const isHit = (victims: Victims): boolean =>
      typeof victims === "function"
        ? isStore && victims(url)
        : {
            all: true,
            writes: isWrite,
            objects: isWrite && !url.includes("/leases"),
            watches: isWatch,
            stores: isStore,
          }[victims];
    const fault = current && isHit(current.victims) ? current.fault : undefined;
    switch (fault?.kind) {
      case "answer":
        hits += 1;
        if (hits % (fault.every ?? 1) !== 0) {
          pass(incoming, response, undefined);
          return;
        }
        refuse(response, fault.code, fault.retryAfter);
        return;
      case "reset":
        incoming.socket.destroy();
        return;
      case "hang":
        return;
      case "late":
        void keep(incoming);
        return;
      case "slow":
        setTimeout(() => {
          if (!incoming.socket.destroyed) pass(incoming, response, undefined);
        }, fault.milliseconds);
        return;
      case "half":
      case "lost":
      case undefined:
        pass(incoming, response, fault?.kind);
    }
  });

  const pass = (incoming: IncomingMessage, response: ServerResponse, fault: "half" | "lost" | undefined): void => {
    const { origin } = new URL(cluster.server);
    const onward = request(
      new URL(incoming.url ?? "/", origin),
      { agent, method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (fault === "lost") {
          answer.resume();
          incoming.socket.destroy();
          return;
        }
        const { "content-length": _length, "transfer-encoding": _encoding, ...headers } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, fault === "half" ? headers : answer.headers);
        answer.once("error", () => incoming.socket.destroy());
        if (fault === undefined) {
          answer.pipe(response);
          return;
        }
        answer.once("data", (chunk: Buffer) => {
          response.end(chunk.subarray(0, chunk.length / 2));
          answer.destroy();
        });
      },
    );
    onward.once("error", () => incoming.socket.destroy());
    response.once("close", () => onward.destroy());
    incoming.pipe(onward);
  };

  const kept: { readonly incoming: IncomingMessage; readonly body: Buffer }[] = [];
  const late: { readonly method: string; readonly path: string; readonly code: number }[] = [];
  const keep = async (incoming: IncomingMessage): Promise<void> => {
    const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
    kept.push({ incoming, body });
  };
  const deliver = ({ incoming, body }: { readonly incoming: IncomingMessage; readonly body: Buffer }): void => {
    const { method = "", url: path = "", headers } = incoming;
    const onward = request(new URL(path, new URL(cluster.server).origin), { agent, method, headers }, (answer) => {
      late.push({ method, path, code: answer.statusCode ?? 0 });
      answer.resume();
    });
    onward.once("error", () => undefined);
    onward.end(body);
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(cluster.folder, `kubeconfig-faults-${port}`);
  await writeFile(kubeconfig, kubeconfigThrough(port, cluster.adminToken), { mode: 0o600 });

  return {
    kubeconfig,
    server: `http://127.0.0.1:${port}`,
    inject: (fault, victims) => {
      current = { fault, victims };
      if (victims === "writes" || victims === "objects") return;
      const isCut = typeof victims === "function" ? victims : () => true;
      for (const watch of watches) if (isCut(watch.url ?? "")) watch.socket.destroy();
    },
    heal: () => {
      current = undefined;
      for (const each of kept.splice(0)) if (!each.incoming.url?.includes("watch=true")) deliver(each);
    },
    late,
    count: () => ({ all, writes }),
    close: async () => {
      server.closeAllConnections();
      agent.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function refuse(response: ServerResponse, code: number, retryAfter: number | undefined): void {
  const [reason, message] = statusErrors[code] ?? ["InternalError", "the fault proxy says no"];
  response.writeHead(code, {
    "content-type": "application/json",
    ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
  });
  response.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason, message, code }));
}

// As the API server words them; 403 has the sentence of RBAC.
const statusErrors: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  403: ["Forbidden", 'secrets is forbidden: User "regcred" cannot create resource "secrets" in API group ""'],
  409: ["Conflict", "the object has been modified; please apply your changes to the latest version and try again"],
  422: ["Invalid", "it is invalid"],
  429: ["TooManyRequests", "too many requests, please try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
};

function kubeconfigThrough(port: number, token: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "faults", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "faults", context: { cluster: "faults", user: "admin" } }],
    "current-context": "faults",
  });
}
