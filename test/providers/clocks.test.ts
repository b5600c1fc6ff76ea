// Tests of the expiry of a token whose answer took long, or whose issuer's clock differs from this machine's.
import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { tokenExchangeSettings } from "../../src/providers/token-exchange/settings.ts";
import { httpDate } from "../../src/runtime/http-date.ts";
import { refreshAt } from "../../src/controllers/token/plan-refresh.ts";
import { acrProvider } from "../../src/providers/acr/fetch.ts";
import { ecrProvider } from "../../src/providers/ecr/fetch.ts";
import { ecrPublicProvider } from "../../src/providers/ecr/fetch.ts";
import { googleProvider } from "../../src/providers/google/fetch.ts";
import type { Http, HttpAnswer, HttpCall } from "../../src/providers/http/http.ts";
import { icrProvider } from "../../src/providers/icr/fetch.ts";
import { ocirProvider } from "../../src/providers/ocir/fetch.ts";
import type { NewToken } from "../../src/cluster/token.ts";
import { tokenExchangeProvider } from "../../src/providers/token-exchange/fetch.ts";
import { fakeClock, type FakeClock } from "../fake-clock.ts";
import { ecrGrant, googleGrant } from "./grants.ts";
import { identitiesFrom, never } from "./scenario.ts";

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
/** Half of it passes before the server answers, half while the answer travels. */
const travel = 20;
const epoch = (at: Temporal.Instant): number => Math.floor(at.epochMilliseconds / 1000);

// One for all tests: it takes a while to make.
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const fingerprint = (
  createHash("md5")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .match(/../g) ?? []
).join(":");

/** What a server answers at its own time to a call, where its tokens live for so many seconds; a text as it is. */
type Reply = (now: Temporal.Instant, life: number, call: HttpCall) => string | { readonly [member: string]: unknown };

const jwt = (now: Temporal.Instant, life: number): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ iat: epoch(now), exp: epoch(now) + life })}.c2ln`;
};

interface World {
  readonly clock: FakeClock;
  readonly http: Http;
  /** By our clock, when the last request was sent, and when what it brought ends. */
  readonly sentAt: () => Temporal.Instant;
  readonly endsAt: () => Temporal.Instant;
}

/** @param ahead seconds by which the server's clock is ahead of ours */
function world(reply: Reply, { ahead = 0, life = 300 } = {}): World {
  const clock = fakeClock(Temporal.Instant.from("2026-01-01T12:00:00Z"));
  let sentAt = clock.now();
  let endsAt = clock.now();
  const http = async (call: HttpCall): Promise<HttpAnswer> => {
    sentAt = clock.now();
    await clock.advance(seconds(travel / 2));
    const theirs = clock.now().add({ seconds: ahead });
    endsAt = clock.now().add({ seconds: life });
    const body = reply(theirs, life, call);
    await clock.advance(seconds(travel / 2));
    const headers = { date: httpDate(theirs), "metadata-flavor": "Google", "content-type": "application/json" };
    return { status: 200, headers, text: typeof body === "string" ? body : JSON.stringify(body) };
  };
  return { clock, http, sentAt: () => sentAt, endsAt: () => endsAt };
}

/** All that any provider is given. */
const options = ({ clock, http }: World, secret: Readonly<Record<string, string>> = {}) => ({
  clock,
  http,
  metadataHttp: http,
  ca: () => "",
  environment: {},
  identities: identitiesFrom(
    () => secret,
    () => "token",
  ),
});

const secret = { from: "Secret", namespace: "regcred-system", name: "identity" } as const;
const account = { from: "ServiceAccount", namespace: "regcred-system", name: "puller", uid: "u" } as const;
const oracleKey = {
  tenancy: "ocid1.tenancy.oc1..aaaa",
  user: "ocid1.user.oc1..aaaa",
  fingerprint,
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
};
const awsKey = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "hunter2" };

type Subject = readonly [what: string, reply: Reply, fetch: (world: World) => Promise<NewToken>];

/** The end as a length of time, or as a time of the server's. */
const subjects: readonly Subject[] = [
  [
    "Google's metadata server (expires_in)",
    (_now, life) => ({ access_token: "pw", expires_in: life }),
    (at) => googleProvider(options(at)).fetch(googleGrant({ identity: { from: "Operator" } }), never),
  ],
  [
    "Google IAM (expireTime)",
    (now, life, { url }) =>
      url.includes("generateAccessToken")
        ? { accessToken: "pw", expireTime: now.add({ seconds: life }).toString() }
        : { access_token: "own", expires_in: 3600 },
    (at) =>
      googleProvider(options(at)).fetch(
        googleGrant({ identity: { from: "Operator" }, impersonate: "pull@acme.iam.gserviceaccount.com" }),
        never,
      ),
  ],
  [
    "an ACR registry (exp)",
    (now, life) => ({ access_token: "entra", refresh_token: jwt(now, life) }),
    (at) =>
      acrProvider(options(at)).fetch(
        {
          provider: "ACR",
          registry: "acme.azurecr.io",
          authority: "login.microsoftonline.com",
          audience: "https://containerregistry.azure.net",
          tenantID: "t",
          clientID: "c",
          identity: account,
        },
        never,
      ),
  ],
  [
    "IBM Cloud IAM (expiration)",
    (now, life) => ({ access_token: "pw", expiration: epoch(now) + life }),
    (at) => icrProvider(options(at, { apiKey: "key" })).fetch({ provider: "ICR", identity: secret }, never),
  ],
  [
    "IBM Cloud IAM (exp)",
    (now, life) => ({ access_token: jwt(now, life) }),
    (at) => icrProvider(options(at, { apiKey: "key" })).fetch({ provider: "ICR", identity: secret }, never),
  ],
  ...(["JWT", "Seconds", "Time"] as const).map((expiry): Subject => [
    `a token endpoint (${expiry})`,
    (now, life) => ({
      token: jwt(now, life),
      end: expiry === "Seconds" ? life : now.add({ seconds: life }).toString(),
    }),
    (at) => {
      const settings = tokenExchangeSettings.parse({
        url: "https://registry.test/token",
        auth: { type: "None" },
        username: "puller",
        response: { tokenPath: "token", expiry, ...(expiry !== "JWT" && { expiryPath: "end" }) },
      });
      const grant = { provider: "TokenExchange", settings, identity: secret } as const;
      return tokenExchangeProvider(options(at)).fetch(grant, never);
    },
  ]),
];

/** Of these nobody sees the server's clock: ECR's tokens live for 12 hours. */
const asReported: readonly Subject[] = [
  [
    "ECR (expiresAt)",
    (now, life) => ({
      authorizationData: [{ authorizationToken: btoa("AWS:pw"), expiresAt: epoch(now.add({ seconds: life })) }],
    }),
    (at) => ecrProvider(options(at, awsKey)).fetch(ecrGrant({ identity: secret }), never),
  ],
  [
    "ECR Public (expiresAt)",
    (now, life) => ({
      authorizationData: { authorizationToken: btoa("AWS:pw"), expiresAt: epoch(now.add({ seconds: life })) },
    }),
    (at) => ecrPublicProvider(options(at, awsKey)).fetch({ provider: "ECRPublic", identity: secret }, never),
  ],
  [
    "OCIR (expires_in)",
    (_now, life) => ({ token: "pw", expires_in: life }),
    (at) =>
      ocirProvider(options(at, oracleKey)).fetch({ provider: "OCIR", host: "fra.ocir.io", identity: secret }, never),
  ],
];

describe("an answer that takes its time", () => {
  it.each([...subjects, ...asReported])("does not lengthen a life: %s", async (_what, reply, fetch) => {
    const at = world(reply);
    const minted = await fetch(at);
    expect(minted.issuedAt).toEqual(at.sentAt());
    const early = at.endsAt().since(minted.expiresAt ?? at.clock.now());
    expect(early.total("seconds")).toBeGreaterThanOrEqual(0);
    expect(early.total("seconds")).toBeLessThanOrEqual(travel);
  });
});

describe("a second attempt", () => {
  it("is what a life is counted from, where the first one had a stale token", async () => {
    const at = world((_now, life) => ({ access_token: "pw", expires_in: life }));
    let isStale = true;
    const http: Http = async (call, signal) => {
      const answer = await at.http(call, signal);
      if (!isStale) return answer;
      isStale = false;
      return { ...answer, status: 400, text: '{"error":"invalid_grant","error_description":"the token is stale"}' };
    };
    const workloadIdentityProvider = "projects/1/locations/global/workloadIdentityPools/a/providers/b";
    const grant = googleGrant({ identity: account, workloadIdentityProvider });
    const minted = await googleProvider({ ...options(at), http }).fetch(grant, never);
    expect(minted.issuedAt).toEqual(at.sentAt());
    expect(minted.expiresAt).toEqual(at.sentAt().add({ seconds: 300 }));
  });
});

describe("a clock that is wrong", () => {
  it.each(
    subjects.flatMap(([what, reply, fetch]) =>
      [600, -600].map((ahead) => [ahead > 0 ? "behind" : "ahead", what, ahead, reply, fetch] as const),
    ),
  )("10 minutes %s neither refuses nor outlives a token of 5 minutes: %s", async (_way, _what, ahead, reply, fetch) => {
    const at = world(reply, { ahead });
    const { issuedAt, expiresAt } = await fetch(at);
    expect(expiresAt).toBeDefined();
    const early = at.endsAt().since(expiresAt ?? at.clock.now());
    expect(early.total("seconds")).toBeGreaterThanOrEqual(0);
    expect(early.total("seconds")).toBeLessThanOrEqual(travel);
    const renewed = refreshAt({ grantKey: "00000000", issuedAt, expiresAt });
    expect(
      at
        .endsAt()
        .since(renewed ?? at.clock.now())
        .total("seconds"),
    ).toBeGreaterThan(120);
  });

  it("by less than the life of a token renews it earlier, if at all", async () => {
    for (const [, reply, fetch] of subjects) {
      for (const ahead of [600, -600]) {
        const at = world(reply, { ahead, life: 3600 });
        const { expiresAt } = await fetch(at);
        const early = at
          .endsAt()
          .since(expiresAt ?? at.clock.now())
          .total("seconds");
        expect(early).toBeGreaterThanOrEqual(0);
        expect(early).toBeLessThanOrEqual(600 + travel);
      }
    }
  });
});

/** What each issuer writes where its tokens' end stands; `end` is JSON. */
const written: Readonly<Record<string, (end: string) => string>> = {
  "Google's metadata server (expires_in)": (end) => `{"access_token":"pw","expires_in":${end}}`,
  "Google IAM (expireTime)": (end) => `{"access_token":"own","accessToken":"pw","expireTime":${end}}`,
  "an ACR registry (exp)": (end) => `{"access_token":"entra","refresh_token":"${signed(end)}"}`,
  "IBM Cloud IAM (expiration)": (end) => `{"access_token":"pw","expiration":${end}}`,
  "IBM Cloud IAM (exp)": (end) => `{"access_token":"${signed(end)}"}`,
  "a token endpoint (JWT)": (end) => `{"token":"${signed(end)}"}`,
  "a token endpoint (Seconds)": (end) => `{"token":"pw","end":${end}}`,
  "a token endpoint (Time)": (end) => `{"token":"pw","end":${end}}`,
  "OCIR (expires_in)": (end) => `{"token":"pw","expires_in":${end}}`,
};
const signed = (exp: string): string => `e30.${Buffer.from(`{"exp":${exp}}`).toString("base64url")}.c2ln`;

const nobodyMeans = [
  "null",
  "true",
  "[]",
  "{}",
  "-1",
  "-1e308",
  "1e308",
  "1e999",
  "NaN",
  '""',
  '"soon"',
  '"1e3"',
  '"0x10"',
  '"-1"',
  "0",
  "9".repeat(40),
  `"${"9".repeat(40)}"`,
  '"2026-02-31T12:00:00Z"',
  '"-000001-01-01T00:00:00Z"',
];
const aMonth = 31 * 24;

describe.each([...subjects, ...asReported].filter(([what]) => what in written))(
  "an end by %s",
  (what, _reply, fetch) => {
    const answering = (end: string): World => world(() => written[what]?.(end) ?? "");

    it.each(nobodyMeans)("that nobody can mean is no token: %s", async (end) => {
      await expect(fetch(answering(end))).rejects.toMatchObject({ reason: "InvalidAnswer", retry: "backoff" });
    });

    const isText = what.includes("Time");
    const isLength = !isText && /expires_in|Seconds/.test(what);
    const noon = 1_767_268_800;
    const ends: readonly (readonly [end: string, hours: number])[] = isText
      ? [
          ['"2026-01-01T13:00:00Z"', 1],
          ['"2026-01-01T15:00:00.5+02:00"', 1],
          ['"9999-12-31T23:59:59Z"', aMonth],
        ]
      : isLength
        ? [
            ["3600", 1],
            ['"3600"', 1],
            ["3600.25", 1],
            ["3600000", 1],
            ["31536000", 8.76],
            ["172800", 48],
            ["172800000", 48],
          ]
        : [
            [String(noon + 3600), 1],
            [String((noon + 3600) * 1000), 1],
            ["253402300799", aMonth],
          ];

    it.each(ends)("is a time within a month, as RFC 3339 has it: %s in %i h", async (end, hours) => {
      const at = answering(end);
      const { expiresAt } = await fetch(at);
      expect(expiresAt?.toString()).toMatch(/^2026-\d\d-\d\dT[\d:.]+Z$/);
      const left = expiresAt?.since(at.clock.now()).total("hours") ?? 0;
      expect(left).toBeGreaterThan(hours * 0.97);
      expect(left).toBeLessThanOrEqual(hours + 1 / 3600);
    });
  },
);
