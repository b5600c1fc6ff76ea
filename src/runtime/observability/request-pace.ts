// Limits how much of the one thread strangers who reach a port may take.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import type { Clock } from "../clock.ts";

export interface Rate {
  /** Over time. */
  readonly perSecond: number;
  /** At once, by who has not come for a while. */
  readonly burst: number;
}

/**
 * New connections come at this rate at most: each costs a handshake. What comes beyond is closed as it is accepted, before a
 * byte of it is read. Needs `maxConnections` for itself.
 */
export function paceConnections(server: Server, clock: Clock, rate: Rate): void {
  const max = server.maxConnections;
  const wait = pacing(clock, rate);
  server.prependListener("connection", () => {
    const until = wait();
    if (until <= 0 || server.maxConnections === 0) return;
    server.maxConnections = 0;
    clock.schedule(milliseconds(until), () => void (server.maxConnections = max));
  });
}

type Page = (response: ServerResponse, request: IncomingMessage) => void;

// A scraper waits for the answer before it asks again.
const maxWaiting = 2;

/** Answers go out at this rate at most, to whomever; who asks meanwhile waits, and who asks on while he waits is cut off. */
export function paceAnswers(page: Page, clock: Clock, rate: Rate): Page {
  const wait = pacing(clock, rate);
  const waiting = new WeakMap<Socket, number>();
  return (response, request) => {
    const { socket } = request;
    const others = waiting.get(socket) ?? 0;
    if (others === maxWaiting) {
      socket.destroy();
      return;
    }
    const until = wait();
    if (until <= 0) {
      page(response, request);
      return;
    }
    waiting.set(socket, others + 1);
    const cancel = clock.schedule(milliseconds(until), () => {
      socket.off("close", cancel);
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      page(response, request);
    });
    socket.once("close", cancel);
  };
}

/** Takes one at each call, and tells for how many milliseconds there is none for it yet. */
function pacing(clock: Clock, { perSecond, burst }: Rate): () => number {
  const each = 1_000 / perSecond;
  let usedUpAt = -Infinity;
  return () => {
    const now = clock.elapsed();
    usedUpAt = Math.max(usedUpAt, now - burst * each) + each;
    return usedUpAt - now;
  };
}

function milliseconds(count: number): Temporal.Duration {
  return Temporal.Duration.from({ milliseconds: Math.ceil(count) });
}
