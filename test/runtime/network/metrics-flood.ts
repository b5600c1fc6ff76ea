// A flood of a metrics port: 1,500 connections that come again whenever they are closed, and 100 scrapes a second.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

export interface MetricsFlood {
  /** Answers so far, by status. */
  readonly statuses: ReadonlyMap<number, number>;
  end(): Promise<void>;
}

const sockets = 1_500;
const scrapesPerSecond = 100;
const comesAgainMs = 1_000;
const patienceMs = 5_000;

/** Against https on loopback; each scrape has a new made-up token. */
export function metricsFlood(port: number): MetricsFlood {
  const anyone = new Agent({ connections: 200, connect: { rejectUnauthorized: false } });
  const statuses = new Map<number, number>();
  const open = new Set<Socket>();
  const under = new Set<Promise<void>>();
  let over = false;
  let sent = 0;
  const begin = (): void => {
    if (over) return;
    const socket = connect(port, "127.0.0.1");
    open.add(socket);
    socket.on("error", () => undefined);
    socket.resume();
    socket.on("close", () => {
      open.delete(socket);
      setTimeout(begin, comesAgainMs).unref();
    });
  };
  const scrape = async (): Promise<void> => {
    sent += 1;
    const headers = { authorization: `Bearer made-up-${sent}` };
    const { statusCode, body } = await request(`https://127.0.0.1:${port}/metrics`, { dispatcher: anyone, headers });
    await body.dump();
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  };
  for (let index = 0; index < sockets; index += 1) begin();
  const timer = setInterval(() => {
    const one = scrape()
      .catch(() => undefined)
      .finally(() => under.delete(one));
    under.add(one);
  }, 1_000 / scrapesPerSecond);
  return {
    statuses,
    end: async () => {
      over = true;
      clearInterval(timer);
      for (const socket of open) socket.destroy();
      await Promise.race([Promise.all(under), sleep(patienceMs)]);
      await anyone.destroy();
    },
  };
}
