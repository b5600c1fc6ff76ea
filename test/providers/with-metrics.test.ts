// Tests that attempts, throttles, calls and the remaining life are counted, whatever the provider.
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { countedHttp, withMetrics } from "../../src/providers/with-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { fakeClock } from "../fake-clock.ts";
import { seriesIn } from "../metrics/series.ts";

const grant = { provider: "ECR" } as Grant;
const { signal } = new AbortController();
const throttled = new OperatorError({ reason: "Throttled", cause: "Platform", retry: "backoff", message: "slow down" });

const attempt = async (fetch: () => Promise<NewToken>, left?: Temporal.Duration): Promise<string> => {
  const made = instruments();
  const clock = fakeClock();
  const options = { instruments: made, clock, expiresAt: () => left && clock.now().add(left) };
  await withMetrics({ fetch }, options)
    .fetch(grant, signal)
    .catch(() => undefined);
  return seriesIn(await made.text(), "regcred_")
    .filter((line) => !line.endsWith(" 0"))
    .join("\n");
};

describe("an attempt to get a token", () => {
  it("that succeeds counts with the life that the former one had left", async () => {
    const reported = await attempt(() => Promise.resolve({} as NewToken), Temporal.Duration.from({ hours: 6 }));
    expect(reported).toContain('regcred_token_refreshes_total{provider="ECR",result="success",reason=""} 1');
    expect(reported).toContain('regcred_token_remaining_seconds_sum{provider="ECR"} 21600');
  });

  it("that is the first has no former one; a former one that has ended had nothing left", async () => {
    expect(await attempt(() => Promise.resolve({} as NewToken))).not.toContain("remaining");
    const late = await attempt(() => Promise.resolve({} as NewToken), Temporal.Duration.from({ hours: -1 }));
    expect(late).toContain('regcred_token_remaining_seconds_bucket{le="0",provider="ECR"} 1');
  });

  it.each([
    [throttled, "Throttled"],
    [new NetworkError("api.ecr:443", "ECONNREFUSED"), "CloudUnavailable"],
    [new TypeError("a bug"), "InternalError"],
  ])("that fails counts with the reason (%s)", async (error, reason) => {
    const fails = async (): Promise<never> => {
      throw error;
    };
    const reported = await attempt(fails, Temporal.Duration.from({ hours: 6 }));
    expect(reported).toContain(`regcred_token_refreshes_total{provider="ECR",result="failure",reason="${reason}"} 1`);
    expect(reported.includes('regcred_cloud_throttles_total{provider="ECR"} 1')).toBe(reason === "Throttled");
  });
});

describe("a call to a cloud", () => {
  it("counts by status, or by what kept the answer away", async () => {
    const made = instruments();
    const answers = [
      () => Promise.resolve({ status: 403, headers: {}, text: "" }),
      () => Promise.reject(new NetworkError("sts:443", "ENOTFOUND")),
      () => Promise.reject(throttled),
    ];
    const http = countedHttp(
      () => answers.shift()?.() ?? Promise.reject(new Error("no more")),
      "ECR",
      made,
      fakeClock(),
    );
    const call = { method: "GET", url: "https://sts.amazonaws.com" } as const;
    expect((await http(call, signal)).status).toBe(403);
    await expect(http(call, signal)).rejects.toThrow("ENOTFOUND");
    await expect(http(call, signal)).rejects.toThrow("slow down");
    expect(
      seriesIn(await made.text(), "regcred_cloud_requests_total").map((line) => /code="(\w+)"/.exec(line)?.[1]),
    ).toEqual(["403", "ENOTFOUND", "Throttled"]);
    expect(await made.text()).toContain('regcred_cloud_request_duration_seconds_count{provider="ECR"} 3');
  });
});
