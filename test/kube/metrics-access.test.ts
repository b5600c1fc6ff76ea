// Who may read the metrics, and for how long is that believed?
import { describe, expect, it } from "vitest";
import { metricsAccess } from "../../src/kube/metrics-access.ts";
import type { Transport } from "../../src/kube/transport.ts";
import { fakeClock } from "../fake-clock.ts";

const user = { username: "system:serviceaccount:monitoring:prometheus", groups: ["system:authenticated"] };

function play({ authenticated = true, allowed = true } = {}) {
  const answers = { authenticated, allowed };
  const asked: { readonly path: string; readonly spec: unknown }[] = [];
  const transport = {
    request: ({ path, body }: { path: string; body: string }) => {
      asked.push({ path, spec: (JSON.parse(body) as { spec: unknown }).spec });
      const status = path.includes("tokenreviews")
        ? { authenticated: answers.authenticated, user }
        : { allowed: answers.allowed };
      return Promise.resolve({ json: () => ({ status }) });
    },
  } as unknown as Transport;
  const clock = fakeClock();
  return { answers, asked, clock, access: metricsAccess(transport, clock) };
}

describe("the access to the metrics", () => {
  it("is given to a token whose owner may get /metrics", async () => {
    const { access, asked } = play();
    expect(await access("Bearer abc")).toBe("allowed");
    expect(asked.map(({ path }) => path)).toEqual([
      "/apis/authentication.k8s.io/v1/tokenreviews",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    ]);
    expect(asked[0]?.spec).toEqual({ token: "abc" });
    expect(asked[1]?.spec).toEqual({
      user: user.username,
      groups: user.groups,
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
  });

  it.each([undefined, "", "Bearer ", "Basic YTpi", "Bearer a b"])("is refused without asking to %j", async (header) => {
    const { access, asked } = play();
    expect(await access(header)).toBe("unauthenticated");
    expect(asked).toEqual([]);
  });

  it("tells a token that nobody knows from one that may not", async () => {
    expect(await play({ authenticated: false }).access("Bearer abc")).toBe("unauthenticated");
    expect(await play({ allowed: false }).access("Bearer abc")).toBe("forbidden");
  });

  it("is believed for a minute, a refusal not at all", async () => {
    const { access, asked, answers, clock } = play();
    await access("Bearer abc");
    answers.allowed = false;
    await clock.advance(Temporal.Duration.from({ seconds: 59 }));
    expect(await access("Bearer abc")).toBe("allowed");
    expect(asked).toHaveLength(2);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    expect(await access("Bearer abc")).toBe("forbidden");
    answers.allowed = true;
    expect(await access("Bearer abc")).toBe("allowed");
  });

  it("of a token that was asked for long ago is forgotten where many come", async () => {
    const { access, asked } = play();
    for (let index = 0; index <= 16; index += 1) await access(`Bearer ${index}`);
    const before = asked.length;
    await access("Bearer 16");
    expect(asked.length).toBe(before);
    await access("Bearer 0");
    expect(asked.length).toBe(before + 2);
  });
});
