// Tests of when a token is fetched, whether it may be published, and to whom the result is reported.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/runtime/errors.ts";
import { failureOf, OperatorError } from "../../../src/runtime/errors.ts";
import type { Grant } from "../../../src/providers/grant.ts";
import type { VerificationTarget } from "../../../src/grants/verification-target.ts";
import type { OperatorSecretRecord } from "../../../src/cluster/records.ts";
import type { Token } from "../../../src/cluster/token.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { Context } from "../../../src/controllers/context.ts";
import { reconcileToken } from "../../../src/controllers/token/controller.ts";
import { asksProvider } from "../../../src/controllers/token/observe.ts";
import { grantTracker, tokenSecretName } from "../../../src/grants/grant-tracker.ts";
import { tokenFromData, tokenToData } from "../../../src/cluster/token-wire.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";
import type { PullCheckResult } from "../../../src/registry/pull-check.ts";
import { type FakeClock, fakeClock } from "../../fake-clock.ts";
import { operatorSecrets } from "../operator-secrets.ts";
import { kubectl } from "../../../src/runtime/steps.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";
import { sending } from "../sending.ts";

const grant: Grant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "u",
  passwordKey: "p",
  perTenant: false,
};
const missing: Failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change", message: "create it" };
const never = new AbortController().signal;

interface FixtureOptions {
  /** Of the stored token, half of whose life has passed; undefined for none. */
  readonly minutesLeft?: number;
  readonly stored?: boolean;
  /** Of the stored token. */
  readonly fingerprint?: string;
  readonly target?: VerificationTarget;
  /** What the installed schema lacks. */
  readonly gaps?: readonly string[];
  /** Something in the cluster alters what is stored. */
  readonly isAltered?: boolean;
  readonly fetch: () => Promise<NewToken>;
  readonly verify?: PullCheckResult;
  /** Of the old token. */
  readonly verifyOld?: PullCheckResult;
}

interface Played {
  readonly context: Context;
  readonly queued: readonly string[];
  /** States in which tokens were stored. */
  readonly states: readonly (string | undefined)[];
  readonly fetched: () => number;
  readonly warnings: readonly string[];
  readonly changeSource: (resourceVersion: string) => void;
}

/** Two namespaces that use a token of a source Secret. */
function fixture(given: FixtureOptions): Played {
  const {
    minutesLeft,
    stored = true,
    fingerprint = "old",
    target,
    gaps = [],
    fetch,
    verify,
    verifyOld,
    isAltered = false,
  } = given;
  const clock = fakeClock();
  const name = tokenSecretName("g");
  const recordOf = (token: Token | undefined, resourceVersion: string): OperatorSecretRecord => ({
    key: `ops/${name}`,
    resourceVersion,
    namespace: "ops",
    name,
    uid: "u",
    kind: "token",
    token,
  });
  const life = minutesLeft === undefined ? undefined : Temporal.Duration.from({ minutes: minutesLeft });
  const before = {
    logins: { all: { username: "ann", password: new Redacted("old") } },
    issuedAt: life ? clock.now().subtract(life) : clock.now(),
    expiresAt: life && clock.now().add(life),
  };
  const about = { grantKey: "g", fingerprint, state: "Issued" } as const;
  const secrets = operatorSecrets();
  if (stored) secrets.set(`ops/${name}`, recordOf(tokenFromData(tokenToData(before, about), "1"), "1"));
  const tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
  const findings = statusCache(clock);
  for (const namespace of ["team-a", "team-b"]) {
    tokens.use(`secret/${namespace}/regcred`, new Map([["g", { grant, target }]]));
    findings.setSecret(namespace, "regcred", {
      state: "usable",
      credentials: new Map([["acme", { failures: [], notes: [], generation: 1 }]]),
    });
  }
  const queued: string[] = [];
  const states: (string | undefined)[] = [];
  const warnings: string[] = [];
  let fetched = 0;
  const silent = (): void => undefined;
  const write = (body: { readonly data?: Readonly<Record<string, string>> }): Promise<unknown> => {
    const token = tokenFromData(body.data, "2");
    states.push(token?.state);
    return Promise.resolve(recordOf(isAltered ? undefined : token, "2"));
  };
  const context = {
    runtime: {
      clock,
      inSlices: inSlices(clock),
      log: {
        debug: silent,
        info: silent,
        warn: (message: string, { detail }: { readonly detail?: string }) => warnings.push(`${message}: ${detail}`),
        error: silent,
      },
    },
    grants: {
      tokens,
      provider: {
        fetch: () => {
          fetched += 1;
          return fetch();
        },
      },
      verify: (_grant: Grant, _probe: VerificationTarget, { logins: tried }: Pick<NewToken, "logins">) =>
        Promise.resolve((tried === logins ? verify : verifyOld) ?? { verification: "Verified" }),
    },
    credentials: { statusCache: findings },
    settings: { namespace: "ops", maxConfigBytes: 65_536 },
    cluster: {
      stores: {
        crds: { get: () => ({ key: "crd", resourceVersion: "1", gaps }) },
        operatorSecrets: {
          get: (key: string) => secrets.get(key),
          send: sending((record: OperatorSecretRecord) => secrets.set(record.key, record)),
        },
      },
      transforms: { operatorSecret: (written: OperatorSecretRecord) => written },
      api: {
        createSecret: (_namespace: string, body: object) => write(body),
        replaceSecret: (_namespace: string, _name: string, body: object) => write(body),
      },
      callFailure: (error: unknown) => ({ kind: undefined, failure: failureOf(error) }),
    },
    queue: { enqueue: (key: string) => queued.push(key) },
  };
  // Touching anything that is not here throws.
  const changeSource = (resourceVersion: string): void => {
    const values = {};
    const about = { namespace: "ops", name: "hub", uid: "s", type: "Opaque", offered: false, expiresAt: undefined };
    secrets.set("ops/hub", { key: "ops/hub", resourceVersion, kind: "source", values, ...about });
  };
  return { context: contextOf(context), queued, states, warnings, fetched: () => fetched, changeSource };
}

const logins = { all: { username: "ann", password: new Redacted("x") } };
const fails = (failure: Failure) => () => Promise.reject(new OperatorError(failure));
const mints = (): Promise<NewToken> =>
  Promise.resolve({ logins, issuedAt: start, expiresAt: start.add({ hours: 12 }) });
const start = fakeClock().now();
const target = { image: "ghcr.io/acme/app:1", host: "ghcr.io" };
const loginOnly = { image: undefined, host: "ghcr.io" };
const denied: PullCheckResult = { verification: "Denied", detail: "the login may not pull" };

describe("a refresh that fails while the token lives", () => {
  it("is told to the tenants' Secrets and, once, to each credential's status", async () => {
    const { context, queued, states } = fixture({ fetch: fails(missing) });
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "on-change" });
    expect(queued).toEqual(["secret/team-a/regcred", "secret/team-b/regcred", "credential/acme"]);
    expect(context.grants.tokens.attempts("g")).toMatchObject({ failure: { reason: "SourceMissing" } });
    expect(context.grants.tokens.token("g")).toBeDefined();
    expect(states).toEqual([]);
  });

  it("is no news when it fails the same way again", async () => {
    const { context, queued } = fixture({ fetch: fails(missing) });
    await reconcileToken(context, "g", never);
    const reported = queued.length;
    await reconcileToken(context, "g", never);
    expect(queued.length).toBe(reported);
  });

  it("is tried again within a tenth of what is left, whatever failed", async () => {
    const { context } = fixture({ minutesLeft: 100, fetch: fails(missing) });
    expect(await reconcileToken(context, "g", never)).toMatchObject({
      failed: true,
      retry: "on-change",
      retryWithin: Temporal.Duration.from({ milliseconds: 600_000 }),
    });
  });

  it.each([
    [9, 9],
    [11, 10],
    [99, 10],
    [600, 10],
  ])("obeys a Retry-After of %i minutes for no longer than a tenth of what is left", async (minutes, obeyed) => {
    const { context } = fixture({ minutesLeft: 100, fetch: fails(askedFor(minutes)) });
    const outcome = await reconcileToken(context, "g", never);
    expect("retryAfter" in outcome ? outcome.retryAfter?.total("minutes") : undefined).toBe(obeyed);
  });
});

const askedFor = (minutes: number): Failure => ({
  ...missing,
  reason: "Throttled",
  retry: "backoff",
  retryAfter: Temporal.Duration.from({ minutes }),
});

describe("an endpoint that asks for patience", () => {
  it.each([
    ["there is no token", { stored: false }, 15],
    ["the token lives long", { minutesLeft: 6_000 }, 15],
    ["the token ends soon", { minutesLeft: 10 }, 1],
  ])("is left alone where %s, whatever events come, and then asked again", async (_what, given, minutes) => {
    const { context, fetched } = fixture({ ...given, fetch: fails(askedFor(16_666)) });
    const clock = context.runtime.clock as FakeClock;
    await reconcileToken(context, "g", never);
    await clock.advance(Temporal.Duration.from({ seconds: minutes * 60 - 1 }));
    expect(await reconcileToken(context, "g", never)).toMatchObject({
      failed: true,
      retryAfter: Temporal.Duration.from({ milliseconds: 1_000 }),
    });
    expect(fetched()).toBe(1);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(2);
  });

  it("is asked at once when a person asks for a token, once for each request", async () => {
    const { context, fetched } = fixture({ stored: false, fetch: fails(askedFor(60)) });
    await reconcileToken(context, "g", never);
    context.grants.tokens.use(
      "secret/team-a/regcred",
      new Map([["g", { grant, target: undefined, refreshes: { acme: "1" } }]]),
    );
    expect(context.grants.tokens.insists("g")).toBe(true);
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(2);
    expect(context.grants.tokens.insists("g")).toBe(false);
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(2);
  });

  it("is asked at once when the source has changed, or another took its place", async () => {
    const { context, fetched, changeSource } = fixture({ stored: false, fetch: fails(askedFor(60)) });
    await reconcileToken(context, "g", never);
    changeSource("1");
    await reconcileToken(context, "g", never);
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(2);
    changeSource("2");
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(3);
  });

  it("is asked at once by another grant, which a changed spec makes", async () => {
    const { context, fetched } = fixture({ stored: false, fetch: fails(askedFor(60)) });
    await reconcileToken(context, "g", never);
    context.grants.tokens.use("secret/team-a/regcred", new Map([["other", { grant, target: undefined }]]));
    await reconcileToken(context, "other", never);
    expect(fetched()).toBe(2);
  });
});

describe("where the installed schema lacks something", () => {
  const gaps = ["spec.registries[].verify"];

  it("nothing is minted for a grant that has no token, and the message has the command that mends it", async () => {
    const { context, fetched } = fixture({ stored: false, gaps, fetch: mints });
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "on-change" });
    expect(fetched()).toBe(0);
    expect(context.grants.tokens.attempts("g")?.failure).toMatchObject({
      reason: "CRDOutdated",
      cause: "Platform",
      message: expect.stringMatching(/it lacks spec\.registries\[\]\.verify; /),
      steps: [{ command: kubectl`apply -f crds/` }],
    });
  });

  it("a token that is there is renewed", async () => {
    const { context, states } = fixture({ gaps, fetch: mints });
    await reconcileToken(context, "g", never);
    expect(states).toEqual(["Issued"]);
  });
});

describe("a token that was fetched", () => {
  it.each<[string, VerificationTarget | undefined, PullCheckResult["verification"], string]>([
    ["without being tried", undefined, "Denied", "Issued"],
    ["after a pull", target, "Verified", "Verified"],
    ["after a login", loginOnly, "Authenticated", "Authenticated"],
    ["after a login to a registry without the image", target, "Authenticated", "Authenticated"],
    ["though nothing could be learned", target, "Inconclusive", "Issued"],
    ["though nothing could be learned of its login", loginOnly, "Inconclusive", "Issued"],
  ])("is stored %s, and told to all who use it", async (_what, tried, verification, state) => {
    const { context, states, queued } = fixture({
      stored: false,
      ...(tried && { target: tried }),
      fetch: mints,
      verify: { verification },
    });
    const outcome = await reconcileToken(context, "g", never);
    expect(outcome.failed).toBeUndefined();
    expect(states).toEqual([state]);
    expect(queued).toEqual(["secret/team-a/regcred", "secret/team-b/regcred", "credential/acme"]);
    // Half of 12 hours, or up to a tenth of them earlier.
    const hours = ("requeueAfter" in outcome && outcome.requeueAfter?.total("hours")) || 0;
    expect(hours).toBeGreaterThanOrEqual(4.8);
    expect(hours).toBeLessThanOrEqual(6.001);
  });

  it("is held back when it is denied and the old one has time left", async () => {
    const { context, states } = fixture({ minutesLeft: 360, target, fetch: mints, verify: denied });
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "slowly" });
    expect(states).toEqual([]);
    expect(context.grants.tokens.attempts("g")?.failure).toMatchObject({
      reason: "VerificationDenied",
      cause: "Platform",
    });
  });

  it.each([
    ["the old one is about to end", { minutesLeft: 9 }],
    ["there is no old one", { stored: false }],
  ])("is stored unverified when it is denied and %s", async (_when, given) => {
    const { context, states } = fixture({ ...given, target, fetch: mints, verify: denied });
    await reconcileToken(context, "g", never);
    expect(states).toEqual(["PublishedUnverified"]);
  });

  it("is held back when its login is refused and the old one's is taken", async () => {
    const verifyOld = { verification: "Authenticated" } as const;
    const given = { minutesLeft: 360, target: loginOnly, fetch: mints, verify: denied, verifyOld };
    const { context, states } = fixture(given);
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "slowly" });
    expect(states).toEqual([]);
    expect(context.grants.tokens.attempts("g")?.failure).toMatchObject({
      reason: "VerificationDenied",
      message: expect.stringContaining("cannot log in to ghcr.io, which the old one can") as string,
    });
  });

  it.each(["Denied", "Inconclusive"] as const)(
    "is not held back by a registry that refuses its login, where the old one's is %s too",
    async (verification) => {
      const given = { minutesLeft: 360, target: loginOnly, fetch: mints, verify: denied };
      const { context, states } = fixture({ ...given, verifyOld: { verification } });
      await reconcileToken(context, "g", never);
      expect(states).toEqual(["PublishedUnverified"]);
    },
  );

  const chosen = { ...target, ofNamespace: true } as const;
  it("is not held back by an image that a tenant has chosen and the old one cannot pull either", async () => {
    const given = { minutesLeft: 360, target: chosen, fetch: mints, verify: denied, verifyOld: denied };
    const { context, states } = fixture(given);
    await reconcileToken(context, "g", never);
    expect(states).toEqual(["PublishedUnverified"]);
  });

  it("is held back by such an image where the old one can pull it", async () => {
    const verifyOld = { verification: "Verified" } as const;
    const { context, states } = fixture({
      minutesLeft: 360,
      target: chosen,
      fetch: mints,
      verify: denied,
      verifyOld,
    });
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "slowly" });
    expect(states).toEqual([]);
  });

  it("that does not come back as it was stored is a failure that is told, and not minted again each second", async () => {
    const { context, queued, warnings } = fixture({ fetch: mints, stored: false, isAltered: true });
    expect(await reconcileToken(context, "g", never)).toMatchObject({ failed: true, retry: "slowly" });
    expect(context.grants.tokens.attempts("g")?.failure).toMatchObject({ reason: "Rejected", cause: "Platform" });
    expect(warnings).toEqual([
      expect.stringContaining("exempt the Secrets of the namespace ops from mutating webhooks"),
    ]);
    expect(queued).toContain("secret/team-a/regcred");
  });

  it("whose end is not believed is told of in the log, and stored", async () => {
    const given = { fetch: () => mints().then((minted) => ({ ...minted, doubt: "they say 3600000 seconds" })) };
    const { context, states, warnings } = fixture({ stored: false, ...given });
    await reconcileToken(context, "g", never);
    expect([states, warnings]).toEqual([["Issued"], ["end of a token not believed: they say 3600000 seconds"]]);
  });

  it("that is what was wanted again is no failure any more, and who uses it is told", async () => {
    const { context, queued } = fixture({ stored: false, fetch: mints });
    await reconcileToken(context, "g", never);
    context.grants.tokens.ended("g", missing);
    const before = queued.length;
    await reconcileToken(context, "g", never);
    expect(context.grants.tokens.attempts("g")?.failure).toBeUndefined();
    expect(queued.slice(before)).toEqual(["secret/team-a/regcred", "secret/team-b/regcred", "credential/acme"]);
  });

  it("is not fetched again while it is young and its sources are the same", async () => {
    const { context, fetched } = fixture({ stored: false, fetch: mints });
    await reconcileToken(context, "g", never);
    expect(await reconcileToken(context, "g", never)).toHaveProperty("requeueAfter");
    expect(fetched()).toBe(1);
  });
});

describe("a token that its source hands out again", () => {
  const again = (password: string, minutes: number) => (): Promise<NewToken> =>
    Promise.resolve({
      logins: { all: { username: "ann", password: new Redacted(password) } },
      issuedAt: start,
      expiresAt: start.add({ minutes }),
    });

  it.each<[string, string, number, number]>([
    ["is not stored where nothing has changed", "old", 60, 0],
    ["is stored where the password is another one", "new", 60, 1],
    ["is stored where it lives longer", "old", 90, 1],
  ])("%s", async (_what, password, minutes, stored) => {
    const { context, states } = fixture({ minutesLeft: 60, fetch: again(password, minutes), fingerprint: "absent" });
    await reconcileToken(context, "g", never);
    expect(states).toHaveLength(stored);
  });
});

describe("a grant that was turned away without a call", () => {
  it.each([
    [true, 2],
    [false, 1],
  ])("is asked for as soon as that is of use, for nobody has asked for patience: %s", async (byOwnPolicy, expected) => {
    const retryAfter = Temporal.Duration.from({ seconds: 20 });
    const turned: Failure = {
      reason: "CloudUnavailable",
      cause: "Platform",
      retry: "backoff",
      message: "x",
      retryAfter,
    };
    const { context, fetched } = fixture({
      stored: false,
      fetch: fails(byOwnPolicy ? { ...turned, byOwnPolicy } : turned),
    });
    await reconcileToken(context, "g", never);
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(expected);
  });
});

describe("whether a run would ask the provider", () => {
  const gaps = ["spec.registries[].verify"];

  it.each<[string, Omit<FixtureOptions, "fetch">, boolean]>([
    ["there is no token", { stored: false }, true],
    ["half of its life has passed", { minutesLeft: 10 }, true],
    ["there is no token, and the installed schema lacks something", { stored: false, gaps }, false],
    ["half of its life has passed, and the installed schema lacks something", { minutesLeft: 10, gaps }, true],
  ])("where %s", async (_what, given, asks) => {
    const { context, fetched } = fixture({ ...given, fetch: mints });
    expect(asksProvider(context, "g")).toBe(asks);
    await reconcileToken(context, "g", never);
    expect(fetched()).toBe(asks ? 1 : 0);
    // What has been made just now is not due.
    expect(asksProvider(context, "g")).toBe(false);
  });

  it("is told for none that nobody needs, or of which nothing is known", () => {
    const { context } = fixture({ stored: false, fetch: mints });
    expect(asksProvider(context, "other")).toBe(false);
    for (const namespace of ["team-a", "team-b"]) context.grants.tokens.use(`secret/${namespace}/regcred`, new Map());
    expect(asksProvider(context, "g")).toBe(false);
  });

  it("is told for none as long as it is to be left alone", async () => {
    const { context } = fixture({ stored: false, fetch: fails(askedFor(5)) });
    await reconcileToken(context, "g", never);
    const clock = context.runtime.clock as FakeClock;
    await clock.advance(Temporal.Duration.from({ seconds: 299 }));
    expect(asksProvider(context, "g")).toBe(false);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    expect(asksProvider(context, "g")).toBe(true);
  });
});
