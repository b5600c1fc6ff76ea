// Tests that probes get a short true answer.
import { afterEach, describe, expect, it } from "vitest";
import { type Health, healthServer } from "../../../src/runtime/observability/health-server.ts";

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const well = (): undefined => undefined;

async function serve(health: Partial<Health>): Promise<string> {
  const server = await healthServer({ host: "127.0.0.1", port: 0 }, { live: well, ready: well, ...health }, log);
  closes.push(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

describe("the server of health", () => {
  it.each(["/livez", "/readyz", "/livez?verbose"])("says ok at %s where all is well", async (path) => {
    const answer = await fetch((await serve({})) + path);
    expect([answer.status, await answer.text()]).toEqual([200, "ok\n"]);
  });

  it("says at each path what is wrong there, and only there", async () => {
    const url = await serve({ ready: () => "it does not know the cluster yet" });
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, "it does not know the cluster yet\n"]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it("asks anew at each probe", async () => {
    let wrong: string | undefined = "stuck";
    const url = await serve({ live: () => wrong });
    expect((await fetch(`${url}/livez`)).status).toBe(503);
    wrong = undefined;
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it("has nothing else, and says that the port is taken", async () => {
    const url = await serve({});
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${url}/livez`, { method: "POST" })).status).toBe(404);
    const { port } = new URL(url);
    await expect(
      healthServer({ host: "127.0.0.1", port: Number(port) }, { live: well, ready: well }, log),
    ).rejects.toThrow(
      `cannot serve health on 127.0.0.1:${port}: another program listens there; set --health-address to another one`,
    );
  });
});
