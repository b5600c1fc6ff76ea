// Tests what the operator answers probes and scrapers in each of its phases.
import { expect, it } from "vitest";
import { withFreePort } from "../cluster/free-port.ts";
import { fixture } from "./fixture.ts";

const never = new Promise<never>(() => undefined);
const host = "127.0.0.1";

it("is alive from the beginning on, ready when it could take over, and tells its metrics to whom may ask", async () => {
  await withFreePort((port) =>
    withFreePort(async (metricsPort) => {
      const on = fixture();
      const asked = (path: string, at = port): Promise<readonly [number, string]> =>
        fetch(`http://${host}:${at}${path}`).then(
          async (answer) => [answer.status, await answer.text()] as const,
          () => [0, ""] as const,
        );
      const codes = async (): Promise<readonly number[]> => [(await asked("/livez"))[0], (await asked("/readyz"))[0]];
      on.run("a");
      await on.pass(5);
      on.setFaults(({ by, method, resource }) =>
        by === "b" && method === "GET" && resource === "namespaces" ? never : undefined,
      );
      const settings = { healthAddress: { host, port }, metricsAddress: { host, port: metricsPort } };
      const b = on.run("b", { settings });
      for (let attempt = 0; attempt < 500 && (await codes())[0] === 0; attempt += 1) await on.clock.advance();
      expect(await codes()).toEqual([200, 503]);
      on.setFaults();
      await on.pass(60);
      expect([await codes(), b.leading()]).toEqual([[200, 200], false]);
      expect(await asked("/metrics", metricsPort)).toEqual([200, expect.stringContaining("regcred_")]);
      await on.stop(b);
    }),
  );
});

it("leaves no server behind when it is stopped in the moment in which it starts", async () => {
  await withFreePort(async (port) => {
    const on = fixture();
    const a = on.run("a", { settings: { healthAddress: { host, port } } });
    await on.stop(a);
    const isOpen = fetch(`http://${host}:${port}/livez`).then(
      () => true,
      () => false,
    );
    expect(await isOpen).toBe(false);
  });
});
