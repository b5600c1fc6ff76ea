// Tests that no write leaves this process that could end after another replica may lead.
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type ApiRequest, transport, type Transport, userAgent } from "../../../src/runtime/client/transport.ts";
import { leaseFence, withFence } from "../../../src/runtime/leader/write-fence.ts";
import { pollUntil } from "../../cluster/poll-until.ts";
import { fakeClock } from "../../fake-clock.ts";
import { json, localConnection, localServer } from "../client/local-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const path = "/api/v1/namespaces/team-a/secrets";
const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

/** A transport that only notes what it is asked. */
function noting(): { readonly transport: Transport; readonly calls: ApiRequest[] } {
  const calls: ApiRequest[] = [];
  const answer = { status: 200, headers: {}, text: "{}", json: () => ({}) };
  return {
    calls,
    transport: {
      server: "https://10.0.0.1",
      request: (call) => {
        calls.push(call);
        return Promise.resolve(answer);
      },
      stream: () => Promise.reject(new Error("not asked for")),
      close: () => Promise.resolve(),
    },
  };
}

describe("the fence", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE"] as const)(
    "holds back a %s before the lease was ever held",
    async (method) => {
      const { transport: open, calls } = noting();
      const fenced = withFence(open, leaseFence(fakeClock()));
      await expect(fenced.request({ method, path, body: "{}" })).rejects.toMatchObject({ reason: "NotLeading" });
      expect(calls).toEqual([]);
    },
  );

  it("lets reads and the Lease itself pass", async () => {
    const { transport: open, calls } = noting();
    const fenced = withFence(open, leaseFence(fakeClock()));
    await fenced.request({ method: "GET", path });
    await fenced.request({ method: "PUT", path: "/lease", purpose: "lease", body: "{}" });
    expect(calls).toHaveLength(2);
  });

  it.each([
    [0, 5_000],
    [9_000, 5_000],
    [9_500, 4_500],
    [9_999, 4_001],
  ])(
    "gives a write %i ms after the renewal %i ms, so that it ends a second before the lease does",
    async (age, max) => {
      const clock = fakeClock();
      const fence = leaseFence(clock);
      fence.renewed(fence.mark());
      await clock.advance(ms(age));
      const { transport: open, calls } = noting();
      await withFence(open, fence).request({ method: "PUT", path, body: "{}", deadline: ms(5_000) });
      expect(calls[0]?.deadline?.total("milliseconds")).toBe(max);
    },
  );

  it("holds writes back ten seconds after the last renewal, and for ever once it is closed", async () => {
    const clock = fakeClock();
    const fence = leaseFence(clock);
    fence.renewed(fence.mark());
    await clock.advance(ms(10_000));
    expect(fence.left()).toBe(0);
    fence.renewed(fence.mark());
    expect(fence.left()).toBe(14_000);
    fence.close();
    fence.renewed(fence.mark());
    expect(fence.left()).toBe(0);
  });

  it("is asked again when a connection takes the write up, however long that took", async () => {
    const held: (() => void)[] = [];
    const server = await localServer((one, response) => {
      if (one.method === "GET") held.push(() => json(response, 200, {}));
      else json(response, 200, {});
    });
    closers.push(() => server.close());
    const clock = systemClock();
    const api = transport({
      connection: localConnection(server.url),
      clock,
      random: () => 0.5,
      userAgent: userAgent("0.1.0"),
    });
    closers.push(() => api.close());
    const fence = leaseFence(clock);
    fence.renewed(fence.mark());
    const busy = Array.from({ length: 16 }, () => api.request({ method: "GET", path: "/busy" }));
    await pollUntil(() => held.length === 16, { what: "every connection to be busy", limit: ms(5_000) });
    const write = withFence(api, fence).request({ method: "POST", path, body: "{}" });
    const refused = write.catch((error: unknown) => error);
    // As long as the process was stopped: the lease is lost, and only then is a connection free.
    fence.close();
    for (const answer of held.splice(0)) answer();
    expect(await refused).toMatchObject({ kind: "unavailable", reason: "Withdrawn" });
    await Promise.all(busy);
    expect(server.received.map(({ method }) => method)).not.toContain("POST");
  });
});
