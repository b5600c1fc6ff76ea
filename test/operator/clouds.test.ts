// Tests that the trouble of clouds and registries stays with the tokens that it is about, and that only the leader asks them.
import { describe, expect, it } from "vitest";
import type { Http, HttpAnswer } from "../../src/providers/http/http.ts";
import { NetworkError } from "../../src/providers/http/network-error.ts";
import { type Answer, statusError } from "./api-server.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const never = new Promise<never>(() => undefined);
const sts = "https://sts.example.com/token";
const json = (status: number, body: object): HttpAnswer => ({ status, headers: {}, text: JSON.stringify(body) });

/** An entry whose token comes from the token server, for a Secret's password or the token of a ServiceAccount. */
const exchanged = (name: string, host: string, identity: object = { from: "Secret", name: "keys" }): object => ({
  name,
  provider: "TokenExchange",
  hosts: [host],
  identity,
  tokenExchange: {
    url: sts,
    body: {
      format: "JSON",
      fields: [
        { name: "what", value: name },
        { name: "subject", valueFrom: "from" in identity && identity.from === "Secret" ? "Password" : "Token" },
      ],
    },
    username: "ada",
  },
});

interface Clouds {
  readonly http: Http;
  /** When the token server was asked, in elapsed milliseconds, and for which entry. */
  readonly asked: { readonly at: number; readonly what: string }[];
  readonly urls: string[];
  /** Of the token server. */
  answer: () => Promise<HttpAnswer>;
}

function clouds(on: Fixture): Clouds {
  const asked: Clouds["asked"] = [];
  const urls: string[] = [];
  const played: Clouds = {
    asked,
    urls,
    answer: async () => json(200, { access_token: `token-${asked.length}`, expires_in: 3600 }),
    http: async ({ url, body }) => {
      urls.push(url);
      if (url !== sts) return json(500, {});
      asked.push({ at: on.clock.elapsed(), what: (JSON.parse(String(body)) as { what: string }).what });
      return played.answer();
    },
  };
  return played;
}

/** A ServiceAccount's token, as the API server makes it. */
const accountToken = (on: Fixture, name: string): Answer => {
  const uid = on.server.get("serviceaccounts", `${ops}/${name}`)?.metadata.uid;
  const claims = Buffer.from(JSON.stringify({ "kubernetes.io": { serviceaccount: { uid } } })).toString("base64url");
  return { code: 201, body: { status: { token: `e30.${claims}.x` } } };
};
/** That of each tenant. */
const account = { from: "TenantServiceAccount", name: "puller" };
const tenantToken = (on: Fixture, namespace: string): Answer => {
  const uid = on.server.get("serviceaccounts", `${namespace}/puller`)?.metadata.uid;
  const claims = Buffer.from(JSON.stringify({ "kubernetes.io": { serviceaccount: { uid } } })).toString("base64url");
  return { code: 201, body: { status: { token: `e30.${claims}.x` } } };
};
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
const condition = (on: Fixture, type: string, name = "acme"): Condition | undefined => {
  const status = on.server.get("registrycredentials", name)?.["status"] as {
    readonly conditions?: readonly Condition[];
  };
  return status?.conditions?.find((each) => each.type === type);
};

describe("a cloud", () => {
  it("that hangs holds up no Secret but those it is asked for", async () => {
    const on = fixture();
    const played = clouds(on);
    played.answer = () => never;
    on.addSource("keys", "x");
    const registries = Array.from({ length: 6 }, (_, index) => exchanged(`slow-${index}`, `slow-${index}.example.com`));
    on.addCredential("slow", { registries, pullSecret: { name: "slow" } });
    on.run("a", { clouds: played.http });
    await on.pass(2);
    on.addCredential("acme");
    await on.pass(0.5);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([
      { "https://index.docker.io/v1/": "first" },
      ["regcred"],
    ]);
    on.isLawful();
  });

  it("that hangs at a hundred places holds no worker from a login that is in memory", async () => {
    const on = fixture();
    on.addSource("keys", "x");
    const slow = (name: string): object => {
      const entry = exchanged(name, `${name}.example.com`) as { readonly tokenExchange: object };
      return { ...entry, tokenExchange: { ...entry.tokenExchange, url: `https://sts.${name}.example.com/token` } };
    };
    for (let index = 0; index < 12; index += 1) {
      const registries = Array.from({ length: 8 }, (_, entry) => slow(`slow-${index}-${entry}`));
      on.addCredential(`slow-${index}`, { registries, pullSecret: { name: "slow" } });
    }
    on.run("a", { clouds: () => never, leaderElection: false });
    await on.pass(2);
    on.addCredential("acme");
    await on.pass(1);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "first" });
  });

  it("that hangs for one entry delays neither a new namespace nor a renewal of another at the same server", async () => {
    const on = fixture();
    const played = clouds(on);
    const { http } = played;
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com", account)] });
    on.addAccount("team-a", "puller");
    on.setFaults(({ subresource, namespace = "" }) =>
      subresource === "token" ? tenantToken(on, namespace) : undefined,
    );
    const slow: Http = (call, signal) => (String(call.body).includes("slow") ? never : http(call, signal));
    on.run("a", { clouds: slow, leaderElection: false });
    await on.pass(3);
    expect(on.logins("team-a")).toEqual({ "cloud.example.com": "token-1" });
    on.addCredential("slow", {
      registries: [exchanged("slow", "slow.example.com", account)],
      pullSecret: { name: "slow" },
      namespaces: { include: ["slow-*"] },
    });
    for (let index = 0; index < 6; index += 1) on.addNamespace(`slow-${index}`, {}, ["default", "puller"]);
    await on.pass(10);
    on.addNamespace("team-new", {}, ["default", "puller"]);
    await on.pass(1);
    expect(on.logins("team-new")).toEqual({ "cloud.example.com": expect.stringMatching(/^token-/) });
    await on.pass(1_800);
    expect(on.logins("team-a")).not.toEqual({ "cloud.example.com": "token-1" });
    expect(on.failures("slow")).toEqual(["CloudUnavailable"]);
  });

  it("that answers again is asked for all who were turned away meanwhile, without waiting for the time of each", async () => {
    const teams = Array.from({ length: 8 }, (_, index) => `team-${index}`);
    const on = fixture({ namespaces: teams, accounts: ["default", "puller"] });
    const played = clouds(on);
    const { answer } = played;
    played.answer = async () => {
      throw new NetworkError("sts.example.com", "ECONNREFUSED");
    };
    on.setFaults(({ subresource, namespace = "" }) =>
      subresource === "token" ? tenantToken(on, namespace) : undefined,
    );
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com", account)] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(120);
    expect(teams.flatMap((team) => Object.keys(on.logins(team) ?? {}))).toEqual([]);
    played.answer = answer;
    // One tries every 15 s at most; a key that nobody calls back comes after a minute and more.
    await on.pass(18);
    expect(teams.filter((team) => on.logins(team) === undefined)).toEqual([]);
    on.isLawful();
  });

  it("is asked anew at half of a token's life, and its token reaches the tenants", async () => {
    const on = fixture();
    const played = clouds(on);
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com")] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(3);
    expect(on.logins("team-a")).toEqual({ "cloud.example.com": "token-1" });
    await on.pass(1800);
    expect([played.asked.length, on.logins("team-a")]).toEqual([2, { "cloud.example.com": "token-2" }]);
    expect(played.asked[1]?.at).toBeGreaterThan(1_300_000);
    on.isLawful();
  });

  it("that hands out the same token until near its end is asked about once for each, and each is written once", async () => {
    const on = fixture();
    const played = clouds(on);
    const life = 600;
    let ends = 0;
    const tokens: string[] = [];
    played.answer = async () => {
      const at = on.clock.elapsed() / 1_000;
      if (ends - at < life / 12) {
        ends = at + life;
        tokens.push(`token-${tokens.length}`);
      }
      // Rounded this way and that.
      const left = Math.round(ends - at) - (played.asked.length % 2);
      return json(200, { access_token: tokens.at(-1), expires_in: left });
    };
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com")] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(6_000);
    const written = (place: string): number =>
      on.writes().filter(({ resource, namespace }) => resource === "secrets" && namespace === place).length;
    expect(tokens.length).toBeGreaterThan(8);
    expect(played.asked.length).toBeLessThanOrEqual(tokens.length + 2);
    expect(written("team-a")).toBe(tokens.length);
    expect(on.writes().filter(({ name = "" }) => name.startsWith("regcred-token-")).length + 1).toBe(tokens.length);
    expect(on.logins("team-a")).toEqual({ "cloud.example.com": tokens.at(-1) });
    on.isLawful();
  });

  it("has its token deleted when nobody has needed it for ten minutes, and not before", async () => {
    const on = fixture();
    const played = clouds(on);
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com")] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(3);
    const tokens = (): readonly unknown[] =>
      on.server.list("secrets").filter(({ type }) => type === "regcred.dev/token");
    expect(tokens()).toHaveLength(1);
    on.server.remove("registrycredentials", "acme");
    await on.pass(590);
    expect([on.logins("team-a"), tokens().length]).toEqual([undefined, 1]);
    await on.pass(60);
    expect(tokens()).toEqual([]);
    on.isLawful();
  });

  it("is asked anew when the machine has slept through that time", async () => {
    const on = fixture();
    const played = clouds(on);
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com")] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(3);
    on.clock.step(Temporal.Duration.from({ minutes: 50 }));
    await on.pass(40);
    expect([played.asked.length, on.logins("team-a")]).toEqual([2, { "cloud.example.com": "token-2" }]);
  });

  it("that is not reached is told as that, and takes nothing from anybody", async () => {
    const on = fixture();
    const played = clouds(on);
    on.addSource("keys", "x");
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com")] });
    on.run("a", { clouds: played.http, leaderElection: false });
    await on.pass(3);
    played.answer = async () => {
      throw new NetworkError("sts.example.com", "ENOTFOUND");
    };
    await on.pass(1900);
    expect([condition(on, "TokensFresh"), on.logins("team-a")]).toMatchObject([
      { status: "False", reason: "CloudUnavailable", message: expect.stringMatching(/it is tried again/) },
      { "cloud.example.com": "token-1" },
    ]);
    // As long as the token lives, each attempt is within a tenth of what is left of its life.
    await on.pass(1500);
    expect(played.asked.length).toBeGreaterThan(8);
    on.isLawful();
  });

  it("that refuses is asked at once when a person asks for a token", async () => {
    const on = fixture();
    const played = clouds(on);
    played.answer = async () => json(403, { error: "access_denied" });
    on.addSource("keys", "x");
    const registries = Array.from({ length: 4 }, (_, index) => exchanged(`some-${index}`, `some-${index}.example.com`));
    on.addCredential("acme", { registries });
    on.run("a", { clouds: played.http });
    await on.pass(120);
    const before = played.asked.length;
    played.answer = async () => json(200, { access_token: "new", expires_in: 3600 });
    on.server.patch("registrycredentials", "acme", {
      metadata: { annotations: { "regcred.dev/refresh": on.clock.now().toString() } },
    });
    await on.pass(2);
    expect(new Set(played.asked.slice(before).map(({ what }) => what)).size).toBe(4);
  });

  it("is let go of when the operator is stopped, after its last run and before its connections to the API server", async () => {
    const on = fixture();
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(3);
    await on.stop(a);
    expect(on.logged.slice(-2)).toEqual(["lease released", "network closed"]);
  });

  it("is tried over TLS alone, even on the operator's own machine", async () => {
    const on = fixture();
    const played = clouds(on);
    const verify = { image: "127.0.0.1:5000/acme/app" };
    const hub = {
      name: "hub",
      provider: "Static",
      hosts: ["127.0.0.1:5000"],
      static: { secretName: "docker-hub" },
      verify,
    };
    on.addCredential("acme", { registries: [hub] });
    on.run("a", { clouds: played.http });
    await on.pass(5);
    expect(played.urls.length).toBeGreaterThan(0);
    expect(played.urls.filter((url) => !url.startsWith("https://127.0.0.1:5000/"))).toEqual([]);
  });
});

describe("a token of a ServiceAccount", () => {
  it("is asked for by who leads, and by nobody else", async () => {
    const on = fixture();
    const played = clouds(on);
    played.answer = async () => json(500, {});
    on.addAccount(ops, "puller");
    on.addCredential("acme", {
      registries: [exchanged("hub", "cloud.example.com", { from: "ServiceAccount", name: "puller" })],
    });
    const asked = (): number => on.recorded.filter(({ subresource }) => subresource === "token").length;
    let isCut = false;
    on.setFaults(({ resource, subresource }) => {
      if (isCut && resource === "leases") return never;
      return subresource === "token" ? accountToken(on, "puller") : undefined;
    });
    on.run("a", { clouds: played.http });
    await on.pass(30);
    expect(asked()).toBeGreaterThan(3);
    isCut = true;
    await on.pass(11);
    const before = asked();
    on.server.patch("registrycredentials", "acme", {
      metadata: { annotations: { "regcred.dev/refresh": on.clock.now().toString() } },
    });
    await on.pass(60);
    expect(asked()).toBe(before);
    on.isLawful();
  });

  it("that a tenant has to consent to is asked for, and the operator's own name is told", async () => {
    const on = fixture();
    const played = clouds(on);
    on.setFaults(({ subresource }) =>
      subresource === "token"
        ? statusError(
            403,
            "Forbidden",
            {},
            'User "regcred" cannot create resource "serviceaccounts/token" in API group "" in the namespace "team-a"',
          )
        : undefined,
    );
    const identity = { from: "TenantServiceAccount", name: "default" };
    on.addCredential("acme", { registries: [exchanged("hub", "cloud.example.com", identity)] });
    on.run("a", { clouds: played.http });
    await on.pass(5);
    expect(on.failures("acme")).toEqual(["ConsentMissing"]);
    expect(JSON.stringify(on.server.list("events"))).toContain(`${ops}:regcred`);
  });
});

describe("the API server that is asked too much", () => {
  it("is left alone by tokens as well as by Secrets, for as long as it says", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addSource("other", "other");
    on.addCredential("acme");
    on.addCredential("beta", { pullSecret: { name: "beta" } }, { host: "ghcr.io", source: "other" });
    on.run("a");
    await on.pass(3);
    let throttled = 1;
    on.setFaults(({ method, namespace }) => {
      if (method !== "PUT" || namespace !== "team-a" || throttled === 0) return undefined;
      throttled -= 1;
      return { ...statusError(429, "TooManyRequests"), headers: { "retry-after": "6" } };
    });
    on.server.patch("secrets", "team-a/regcred", { metadata: { labels: null } });
    await on.pass(0.1);
    const before = on.writes().length;
    on.server.patch("secrets", `${ops}/other`, { data: { password: btoa("second") } });
    await on.pass(5);
    expect([throttled, on.writes().length]).toEqual([0, before]);
    await on.pass(60);
    expect(on.logins("team-b", "beta")).toEqual({ "ghcr.io": "second" });
    on.isLawful();
  });
});

describe("a source", () => {
  it("of another namespace is used where the operator is told of that namespace, and the source is offered", async () => {
    const on = fixture();
    on.addNamespace("shared", {}, []);
    on.addSource("docker-hub", "shared", "shared");
    const hub = {
      name: "hub",
      provider: "Static",
      hosts: ["docker.io"],
      static: { secretName: "docker-hub", secretNamespace: "shared" },
    };
    on.addCredential("acme", { registries: [hub] });
    on.run("a", { settings: { sourceNamespaces: ["shared"] } });
    await on.pass(5);
    expect(on.logins("team-a")).toBeUndefined();
    on.server.patch("secrets", "shared/docker-hub", { metadata: { labels: { "regcred.dev/source": "true" } } });
    await on.pass(5);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "shared" });
    on.isLawful();
  });
});
