// Tests of who may read the metrics, and for how long that is believed.
import { describe, expect, it } from "vitest";
import { apiErrorFromAnswer } from "../../../src/runtime/client/api-error.ts";
import { metricsAccess } from "../../../src/runtime/observability/metrics-access.ts";
import type { Transport } from "../../../src/runtime/client/transport.ts";
import { fakeClock } from "../../fake-clock.ts";

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

  it("is believed for a minute, a refusal for ten seconds", async () => {
    const { access, asked, answers, clock } = play();
    await access("Bearer abc");
    answers.allowed = false;
    await clock.advance(Temporal.Duration.from({ seconds: 59 }));
    expect(await access("Bearer abc")).toBe("allowed");
    expect(asked).toHaveLength(2);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    expect(await access("Bearer abc")).toBe("forbidden");
    answers.allowed = true;
    await clock.advance(Temporal.Duration.from({ milliseconds: 9_999 }));
    expect(await access("Bearer abc")).toBe("forbidden");
    expect(asked).toHaveLength(4);
    await clock.advance(Temporal.Duration.from({ milliseconds: 1 }));
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

/** An API server that answers when it is let. */
function slow() {
  const held: ((answer: unknown) => void)[] = [];
  const asked: { readonly purpose?: string; readonly idempotent?: boolean; readonly body: string }[] = [];
  const transport = {
    request: (call: { readonly body: string }) => {
      asked.push(call);
      return new Promise((resolve, reject) => {
        held.push((answer) =>
          answer instanceof Error ? reject(answer) : resolve({ json: () => ({ status: answer }) }),
        );
      });
    },
  } as unknown as Transport;
  const clock = fakeClock();
  const settle = async (answer: unknown): Promise<void> => {
    while (held.length > 0) {
      held.shift()?.(answer);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  };
  return { asked, held, clock, settle, access: metricsAccess(transport, clock) };
}

describe("a flood of made-up tokens", () => {
  const guess = (index: number): string => `Bearer guess-${index}`;

  it("makes two questions at once, and the others are told to come again", async () => {
    const { access, asked, settle } = slow();
    const answers = Array.from({ length: 500 }, (_, index) => access(guess(index)));
    expect(asked).toHaveLength(2);
    await settle({ authenticated: false });
    const counts = Object.groupBy(await Promise.all(answers), (answer) => answer);
    expect([counts.unauthenticated?.length, counts.busy?.length]).toEqual([4, 496]);
    expect(asked).toHaveLength(4);
  });

  it("asks in a pool of its own, and each question once", async () => {
    const { access, asked, settle } = slow();
    const answer = access("Bearer abc");
    expect(asked).toMatchObject([{ purpose: "access", idempotent: false }]);
    await settle({ authenticated: false });
    await answer;
  });

  it("of one token is one question, now and for a while", async () => {
    const { access, asked, settle } = slow();
    const answers = Array.from({ length: 500 }, () => access("Bearer abc"));
    await settle({ authenticated: false });
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["unauthenticated"]));
    expect(await access("Bearer abc")).toBe("unauthenticated");
    expect(asked).toHaveLength(1);
  });

  it("has no place of those whose token is good by one that was", async () => {
    const { access, held, clock, settle } = slow();
    const first = access("Bearer former");
    await settle({ authenticated: true, allowed: true });
    await first;
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    const second = access("Bearer former");
    await settle({ authenticated: false });
    expect(await second).toBe("unauthenticated");
    await clock.advance(Temporal.Duration.from({ seconds: 10 }));
    const before = held.length;
    for (let index = 0; index < 500; index += 1) void access(guess(index));
    expect(await access("Bearer former")).toBe("busy");
    expect(held.length - before).toBe(2);
  });

  it("keeps nobody out whose token was good", async () => {
    const { access, held, clock, settle } = slow();
    const first = access("Bearer prometheus");
    await settle({ authenticated: true, allowed: true });
    expect(await first).toBe("allowed");
    for (let index = 0; index < 500; index += 1) void access(guess(index));
    expect(await access("Bearer prometheus")).toBe("allowed");
    await clock.advance(Temporal.Duration.from({ minutes: 2 }));
    const again = access("Bearer prometheus");
    expect(held).toHaveLength(3);
    await settle({ authenticated: true, allowed: true });
    expect(await again).toBe("allowed");
  });

  it("does not crowd out what is known of a good token", async () => {
    const { access, asked, answers } = play();
    await access("Bearer prometheus");
    answers.authenticated = false;
    for (let index = 0; index < 2_000; index += 1) await access(guess(index));
    const before = asked.length;
    expect(await access("Bearer prometheus")).toBe("allowed");
    expect(asked.length).toBe(before);
  });

  it.each([
    ["a 429", 429, { "retry-after": "7" }, 7],
    ["a 429 that names an hour", 429, { "retry-after": "3600" }, 40],
    ["a 503", 503, {}, 1],
  ])("is answered by nobody for a while after %s", async (_what, code, headers, seconds) => {
    const { access, asked, clock, settle } = slow();
    const answer = access("Bearer a");
    await settle(apiErrorFromAnswer({ code, body: "", headers }));
    expect(await answer).toBe("busy");
    await clock.advance(Temporal.Duration.from({ milliseconds: seconds * 1_000 - 1 }));
    expect(await access("Bearer b")).toBe("busy");
    expect(asked).toHaveLength(1);
    await clock.advance(Temporal.Duration.from({ milliseconds: 1 }));
    void access("Bearer b");
    expect(asked).toHaveLength(2);
  });

  it("of long tokens costs nothing", async () => {
    const { access, asked } = slow();
    expect(await access(`Bearer ${"x".repeat(8_193)}`)).toBe("unauthenticated");
    expect(asked).toEqual([]);
  });
});
