// Tests that the new token itself is verified, with the CA of its entry.
import { describe, expect, it } from "vitest";
import type { Grant } from "../../src/providers/grant.ts";
import type { VerificationTarget } from "../../src/grants/verification-target.ts";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { verifier, type VerifierOptions } from "../../src/grants/verify.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import { silences } from "../../src/grants/unresponsive.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import type { Exchange } from "../../src/registry/pull-check.ts";
import { fakeClock } from "../fake-clock.ts";
import { login, minute } from "../entitlement/objects.ts";

type Call = Parameters<Exchange>[0];

const grant: Grant = { provider: "ICR", identity: { from: "Operator" }, caSecretName: "ca" };
const target = { image: "icr.io/acme/app:1", host: "icr.io" };
const ca: OperatorSecretRecord = {
  key: "ops/ca",
  resourceVersion: "1",
  namespace: "ops",
  name: "ca",
  uid: "u",
  kind: "source",
  type: "Opaque",
  values: { "ca.crt": new Redacted("PEM") },
  offered: false,
  expiresAt: undefined,
};

/** A registry that asks for Basic authentication and then has everything. */
async function tried(
  logins: NewToken["logins"],
  more: Partial<VerificationTarget> = {},
  given: Partial<VerifierOptions> = {},
) {
  const calls: Call[] = [];
  const exchange: Exchange = (call) => {
    calls.push(call);
    const status = call.method === "GET" ? 401 : 200;
    return Promise.resolve({ status, headers: { "www-authenticate": "Basic realm=x" }, text: "" });
  };
  const clock = fakeClock();
  const verify = verifier({
    exchange,
    clock,
    secret: (key) => (key === ca.key ? ca : undefined),
    operatorNamespace: "ops",
    registries: silences({ clock, random: () => 0.5 }),
    ...given,
  });
  const minted = { logins, issuedAt: minute(0), expiresAt: undefined };
  return { result: await verify(grant, { ...target, ...more }, minted, new AbortController().signal), calls };
}

describe("a token that was just fetched", () => {
  it("is tried where its one login is for all hosts", async () => {
    const { result, calls } = await tried({ all: login("ann", "pw") });
    expect(result).toEqual({ verification: "Verified" });
    expect(calls.at(-1)?.headers?.["authorization"]).toBe(`Basic ${btoa("ann:pw")}`);
  });

  it("is tried with the login of the image's host, where it has one for each", async () => {
    const byHost = new Map([
      ["ghcr.io", login("bea", "other")],
      ["icr.io", login("ann", "pw")],
    ]);
    const { calls } = await tried({ byHost });
    expect(calls.at(-1)?.headers?.["authorization"]).toBe(`Basic ${btoa("ann:pw")}`);
  });

  it("is told to a token server elsewhere where its entry names that", async () => {
    const asked: string[] = [];
    const exchange: Exchange = ({ url }) => {
      asked.push(new URL(url).host);
      const headers = { "www-authenticate": 'Bearer realm="https://auth.corp.example/token"' };
      const isHello = asked.length === 1;
      return Promise.resolve({ status: isHello ? 401 : 200, headers: isHello ? headers : {}, text: '{"token":"t"}' });
    };
    const { result } = await tried({ all: login() }, { tokenServers: ["auth.corp.example"] }, { exchange });
    expect(result.verification).toBe("Verified");
    expect(asked).toEqual(["icr.io", "auth.corp.example", "icr.io"]);
  });

  it("is not tried where it has no login for the image's host", async () => {
    const { result, calls } = await tried({ byHost: new Map([["ghcr.io", login()]]) });
    expect(result.verification).toBe("Inconclusive");
    expect(calls).toEqual([]);
  });

  it.each<[string, Partial<VerificationTarget>, readonly (string | undefined)[]]>([
    ["with the CA that its entry names", { caSecretName: "ca" }, ["PEM", "PEM"]],
    ["with the system's where the CA is not there", { caSecretName: "gone" }, [undefined, undefined]],
    ["with the system's where none is named", {}, [undefined, undefined]],
  ])("is tried %s", async (_what, more, expected) => {
    const { calls } = await tried({ all: login() }, more);
    expect(calls.map((call) => call.ca)).toEqual(expected);
  });

  it("is tried over TLS", async () => {
    const { calls } = await tried({ all: login() });
    expect(calls.map(({ url }) => new URL(url).protocol)).toEqual(["https:", "https:"]);
  });
});

describe("a login that nobody asked to be tried", () => {
  const silentRegistry = () => {
    const clock = fakeClock();
    const calls: Call[] = [];
    let isSilent = true;
    const exchange: Exchange = (call, signal) => {
      calls.push(call);
      if (!isSilent) return Promise.resolve({ status: 200, headers: {}, text: "" });
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    };
    const verify = verifier({
      exchange,
      clock,
      secret: () => undefined,
      operatorNamespace: "ops",
      registries: silences({ clock, random: () => 0.5 }),
    });
    const stop = new AbortController();
    const start = () =>
      verify(
        { provider: "ICR", identity: { from: "Operator" } },
        { image: undefined, host: "icr.io" },
        minted,
        stop.signal,
      );
    const tried = async () => {
      const result = start();
      await clock.advance(Temporal.Duration.from({ seconds: 2 }));
      return result;
    };
    return { clock, calls, start, tried, stop, answers: () => (isSilent = false) };
  };
  const minted = { logins: { all: login("ann", "pw") } };

  it("keeps nobody waiting for longer than 2 seconds, and that once an hour", async () => {
    const { clock, calls, tried, answers } = silentRegistry();
    expect(await tried()).toMatchObject({ verification: "Inconclusive" });
    expect(await tried()).toMatchObject({ verification: "Inconclusive" });
    expect(calls).toHaveLength(1);
    await clock.advance(Temporal.Duration.from({ hours: 1 }));
    answers();
    await tried();
    await tried();
    expect(calls).toHaveLength(3);
  });

  it("ends with the attempt", async () => {
    const { start, stop } = silentRegistry();
    const [ended] = await Promise.allSettled([start(), Promise.resolve().then(() => stop.abort(new Error("enough")))]);
    expect(ended).toMatchObject({
      status: "rejected",
      reason: expect.objectContaining({ message: "enough" }) as Error,
    });
  });
});

describe("an image at a registry that hangs", () => {
  const hanging = (exchange: Exchange) => {
    const clock = fakeClock();
    const calls: string[] = [];
    const counted: Exchange = (call, signal) => {
      calls.push(call.url);
      return exchange(call, signal);
    };
    const registries = silences({ clock, random: () => 0.5 });
    const verify = verifier({
      exchange: counted,
      clock,
      registries,
      secret: () => undefined,
      operatorNamespace: "ops",
    });
    const start = (host = "silent.example.com") =>
      verify(
        { provider: "ICR", identity: { from: "Operator" } },
        { image: `${host}/app:1`, host },
        { logins: { all: login("ann", "pw") } },
        new AbortController().signal,
      );
    const tried = async (takes: number, host?: string) => {
      const result = start(host);
      await clock.advance(Temporal.Duration.from({ seconds: takes }));
      return result;
    };
    return { clock, calls, start, tried, registries };
  };

  it("is given up after ten seconds, so that the token is not lost with the run", async () => {
    const { tried } = hanging(() => new Promise(() => undefined));
    expect(await tried(10)).toMatchObject({
      verification: "Inconclusive",
      detail: expect.stringMatching(/does not answer/),
    });
  });

  it.each<[string, number, Exchange]>([
    ["hang", 10, () => new Promise(() => undefined)],
    [
      "refuse connections",
      0,
      async () => {
        throw new NetworkError("silent.example.com", "ECONNREFUSED");
      },
    ],
  ])(
    "is left alone after three that %s, but for one that tries now and then; others are not",
    async (_how, takes, exchange) => {
      const { clock, calls, start, tried } = hanging(exchange);
      for (let index = 0; index < 3; index += 1) await tried(takes);
      const asked = calls.length;
      expect([await start(), calls.length]).toEqual([
        { verification: "Inconclusive", detail: "silent.example.com does not answer the operator" },
        asked,
      ]);
      await tried(takes, "other.example.com");
      expect(calls.length).toBe(asked + 1);
      await clock.advance(Temporal.Duration.from({ seconds: 1 }));
      const both = Promise.all([start(), start()]);
      await clock.advance(Temporal.Duration.from({ seconds: 10 }));
      expect([(await both).length, calls.length]).toEqual([2, asked + 2]);
    },
  );
});

describe("a registry that does not answer", () => {
  const host = "icr.io";
  /** Each answer that it gives; or it hangs, or refuses connections, or what speaks to it throws something else. */
  type Mood = 200 | "hangs" | "refuses" | "throws";

  const scenario = (mood: Mood) => {
    const clock = fakeClock();
    let now = mood;
    let calls = 0;
    const exchange: Exchange = async () => {
      calls += 1;
      if (now === "hangs") return new Promise(() => undefined);
      if (now === "refuses") throw new NetworkError(host, "ECONNREFUSED");
      if (now === "throws") throw new TypeError("a bug");
      return { status: now, headers: {}, text: "" };
    };
    const registries = silences({ clock, random: () => 0.5 });
    const common = { clock, secret: () => undefined, operatorNamespace: "ops" };
    const verify = verifier({ ...common, exchange, registries });
    const asks = async (image: string | undefined): Promise<string | undefined> => {
      const minted = { logins: { all: login("ann", "pw") } };
      const result = verify(grant, { image, host }, minted, new AbortController().signal);
      await clock.advance(Temporal.Duration.from({ seconds: now === "hangs" ? 10 : 0 }));
      return (await result).detail;
    };
    return {
      clock,
      becomes: (mood: Mood): void => void (now = mood),
      image: () => asks(`${host}/app:1`),
      login: () => asks(undefined),
      calls: (): number => calls,
      isSilent: (): boolean => registries.of(host) !== undefined,
    };
  };
  const unheard = `${host} does not answer the operator`;
  const open = `${host} lets everybody in, so the login was not tried`;

  it("to an image is asked for logins all the same", async () => {
    const { image, login: asked, becomes } = scenario("hangs");
    expect(await image()).toBe(unheard);
    becomes(200);
    expect(await asked()).toBe(open);
  });

  it("to a login is asked for an image all the same, and for logins again as soon as it answers that", async () => {
    const { image, login: asked, becomes, calls } = scenario("hangs");
    expect(await asked()).toBe(unheard);
    becomes(200);
    expect([await asked(), calls()]).toEqual([unheard, 1]);
    expect([await image(), await asked(), calls()]).toEqual([open, open, 3]);
  });

  it("is tried by one again and again, and left alone no more once it answers", async () => {
    const { clock, image, becomes, calls, isSilent } = scenario("refuses");
    for (let count = 1; count <= 3; count += 1) await image();
    for (let count = 4; count <= 6; count += 1) {
      expect([await image(), calls()]).toEqual([unheard, count - 1]);
      await clock.advance(Temporal.Duration.from({ seconds: 15 }));
      await image();
      expect([calls(), isSilent()]).toEqual([count, true]);
    }
    becomes(200);
    await clock.advance(Temporal.Duration.from({ seconds: 15 }));
    expect([await image(), await image(), isSilent()]).toEqual([open, open, false]);
  });

  it("is one that gives no answer, not one that is asked wrongly", async () => {
    const { image, isSilent } = scenario("throws");
    for (let count = 1; count <= 4; count += 1) await image();
    expect(isSilent()).toBe(false);
  });

  it("leaves no timer behind when it answers", async () => {
    const { clock, image } = scenario(200);
    await image();
    expect(clock.scheduled()).toBe(0);
  });
});
