// Makes a client wait for the answers to some of its requests, and records what it has written.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import type { ControlPlane } from "./control-plane.ts";
import { pollUntil } from "./poll-until.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
}

export interface HeldRequests {
  /** Plain HTTP on loopback. */
  readonly server: string;
  /** From now on these get no answer, nor do they arrive; undefined: all pass again. */
  hold(isHeld: ((asked: Asked) => boolean) | undefined): void;
  /** Resolves once one is held. */
  holding(): Promise<void>;
  /** What would change something in the cluster, in the order in which it came. */
  writes(): readonly Asked[];
  close(): Promise<void>;
}

// They ask, and change nothing.
const questions = /selfsubjectaccessreviews|tokenreviews|subjectaccessreviews/;

export async function heldRequests(cluster: Pick<ControlPlane, "server" | "ca">): Promise<HeldRequests> {
  const agent = new Agent({ keepAlive: true, ca: cluster.ca });
  const writes: Asked[] = [];
  let isHeld: ((asked: Asked) => boolean) | undefined;
  let held = 0;

  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, url = "/", headers } = incoming;
    const onward = request(new URL(url, cluster.server), { agent, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.once("error", () => incoming.socket.destroy()).pipe(response);
    });
    onward.once("error", () => incoming.socket.destroy());
    response.once("close", () => onward.destroy());
    incoming.pipe(onward);
  };
  const listener = createServer((incoming, response) => {
    const { method = "GET", url: path = "/" } = incoming;
    if (isHeld?.({ method, path })) {
      held += 1;
      return;
    }
    if (method !== "GET" && !questions.test(path)) writes.push({ method, path });
    pass(incoming, response);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    server: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    hold: (which) => {
      isHeld = which;
      held = 0;
    },
    holding: async () => {
      await pollUntil(() => held > 0, {
        what: "a request that is held",
        limit: Temporal.Duration.from({ seconds: 60 }),
        every: Temporal.Duration.from({ milliseconds: 5 }),
      });
    },
    writes: () => [...writes],
    close: async () => {
      const closed = once(listener, "close");
      listener.close();
      listener.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
