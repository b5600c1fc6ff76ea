// Tests that the metrics are where Prometheus looks for them, and nothing else, and that an unusable address is explained in a sentence.
import { Agent, createServer, get } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Instruments } from "../../../src/metrics/instruments.ts";
import type { ListenAddress } from "../../../src/runtime/observability/http-server.ts";
import { metricsServer } from "../../../src/runtime/observability/metrics-server.ts";
import { connect, type Socket } from "node:net";
import type { Clock } from "../../../src/runtime/clock.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { fakeClock } from "../../fake-clock.ts";

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

const silent = (): void => undefined;
const lines: string[] = [];
const log = { debug: silent, info: silent, warn: silent, error: (message: string) => void lines.push(message) };

async function serve({ text = () => Promise.resolve("up 1\n") }: Partial<Instruments> = {}): Promise<string> {
  const server = await listen({ host: "127.0.0.1", port: 0 }, text);
  closes.push(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

const listen = (
  address: ListenAddress,
  text = () => Promise.resolve(""),
  clock: Clock = systemClock(),
): ReturnType<typeof metricsServer> =>
  metricsServer(address, { metrics: { text, contentType: "text/plain; version=0.0.4" }, log, clock });

describe("the server of metrics", () => {
  it("answers at /metrics", async () => {
    const answer = await fetch(`${await serve()}/metrics?name[]=up`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(await answer.text()).toBe("up 1\n");
  });

  it.each([
    ["GET", "/"],
    ["GET", "/metrics/"],
    ["POST", "/metrics"],
  ])("has nothing at %s %s", async (method, path) => {
    expect((await fetch((await serve()) + path, { method })).status).toBe(404);
  });

  it("answers 500 without a word where they cannot be had, and logs it", async () => {
    const answer = await fetch(`${await serve({ text: () => Promise.reject(new Error("secret")) })}/metrics`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe("");
    expect(lines).toEqual(["metrics not collected"]);
  });

  it("closes with a connection that is kept open", async () => {
    const server = await listen({ host: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${server.port}/metrics`;
    await (await fetch(url)).text();
    await server.close();
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  it("says that the port is taken, and by which setting to choose another", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    closes.push(async () => {
      other.close();
      await once(other, "close");
    });
    const { port } = other.address() as AddressInfo;
    await expect(listen({ host: "127.0.0.1", port })).rejects.toMatchObject({
      reason: "MetricsAddressUnusable",
      message: `cannot serve metrics on 127.0.0.1:${port}: another program listens there; set --metrics-address to another one`,
    });
  });

  it("says that an address is not this machine's", async () => {
    // Of a block that is for documents: https://www.rfc-editor.org/rfc/rfc3849
    await expect(listen({ host: "2001:db8::1", port: 8080 })).rejects.toThrow(
      /^cannot serve metrics on \[2001:db8::1\]:8080: .+; set --metrics-address to another one$/,
    );
  });
});

describe("a flood of scrapes", () => {
  async function flooded(clock: Clock, took = Temporal.Duration.from({ milliseconds: 0 })) {
    let made = 0;
    const text = async (): Promise<string> => {
      made += 1;
      const number = made;
      await clock.sleep(took);
      return `made ${number}\n`;
    };
    const server = await listen({ host: "127.0.0.1", port: 0 }, text, clock);
    closes.push(() => server.close());
    const url = `http://127.0.0.1:${server.port}/metrics`;
    return { made: () => made, scrape: async () => (await fetch(url)).text() };
  }

  it("makes the text once a second", async () => {
    const clock = fakeClock();
    const { made, scrape } = await flooded(clock);
    const first = Promise.all(Array.from({ length: 50 }, scrape));
    const pump = setInterval(() => void clock.advance(Temporal.Duration.from({ milliseconds: 0 })), 1);
    expect(new Set(await first)).toEqual(new Set(["made 1\n"]));
    await clock.advance(Temporal.Duration.from({ milliseconds: 999 }));
    expect(await scrape()).toBe("made 1\n");
    await clock.advance(Temporal.Duration.from({ milliseconds: 1 }));
    expect(await scrape()).toBe("made 2\n");
    clearInterval(pump);
    expect(made()).toBe(2);
  });

  it("is answered a hundred times a second, after the first hundred or so", async () => {
    const clock = fakeClock();
    const server = await listen({ host: "127.0.0.1", port: 0 }, () => Promise.resolve("up 1\n"), clock);
    closes.push(() => server.close());
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let answered = 0;
    for (let count = 0; count < 150; count += 1) {
      get({ host: "127.0.0.1", port: server.port, path: "/metrics", agent }, (answer) => {
        answered += 1;
        answer.resume();
      }).on("error", () => undefined);
    }
    await expect.poll(() => answered, { timeout: 10_000 }).toBe(128);
    const pump = setInterval(() => void clock.advance(Temporal.Duration.from({ milliseconds: 10 })), 1);
    await expect.poll(() => answered, { timeout: 10_000 }).toBe(150);
    clearInterval(pump);
    agent.destroy();
  });

  it("has a bounded number of connections, and lets go of those that say nothing", async () => {
    const server = await listen({ host: "127.0.0.1", port: 0 });
    closes.push(() => server.close());
    const sockets: Socket[] = [];
    let open = 0;
    for (let index = 0; index < 100; index += 1) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.resume();
      socket.on("connect", () => (open += 1));
      socket.on("close", () => (open -= 1));
      sockets.push(socket);
    }
    await expect.poll(() => open, { timeout: 4_000 }).toBe(64);
    // Nobody said a word within five seconds.
    await expect.poll(() => open, { timeout: 12_000 }).toBe(0);
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200);
  }, 20_000);
});
