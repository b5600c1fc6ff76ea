// Are the metrics where Prometheus looks for them, and nothing else, and is an address that cannot be used told in a sentence?
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Instruments } from "../../src/report/instruments.ts";
import type { ListenAddress } from "../../src/report/http-server.ts";
import { metricsServer } from "../../src/report/metrics-server.ts";

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

const listen = (address: ListenAddress, text = () => Promise.resolve("")): ReturnType<typeof metricsServer> =>
  metricsServer(address, { metrics: { text, contentType: "text/plain; version=0.0.4" }, log });

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
