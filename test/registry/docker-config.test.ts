// Tests that logins are read as the kubelet reads them, written always alike, and never quoted.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DockerConfigEntry,
  type DockerConfigForm,
  parseDockerConfig,
  renderDockerConfig,
} from "../../src/registry/docker-config.ts";
import { canonicalHost, configKey } from "../../src/registry/host.ts";
import type { Login } from "../../src/registry/login.ts";
import { Redacted } from "../../src/runtime/redacted.ts";

const secret = "s3cr3t-Passw0rd";
const encoded = (text: string) => Buffer.from(text).toString("base64");
const entry = (key: string, username: string, password: string): DockerConfigEntry => ({
  key,
  login: { username, password: new Redacted(password) },
});

function revealed(logins: ReadonlyMap<string, Login>) {
  return Object.fromEntries([...logins].map(([host, { username, password }]) => [host, [username, password.reveal()]]));
}

function read(config: unknown, form: DockerConfigForm = "dockerconfigjson") {
  const result = parseDockerConfig(JSON.stringify(config), form);
  if (!result.ok) throw new Error(result.problem);
  return { logins: revealed(result.logins), skipped: result.skipped };
}

function problemOf(text: string, form: DockerConfigForm = "dockerconfigjson"): string {
  const result = parseDockerConfig(text, form);
  return result.ok ? "no problem" : result.problem;
}

describe("keys that are no registry", () => {
  it.each(["*", "*.*", "doc\u212Aer.io", "\uFF44ocker.io", "ghcr.io/..", "ghcr.io//a", "%67hcr.io"])(
    "such as %j are left out and said, and the others are used",
    (key) => {
      const auths = { [key]: { username: "ann", password: "x" }, "quay.io": { username: "bea", password: "y" } };
      const parsed = parseDockerConfig(JSON.stringify({ auths }), "dockerconfigjson");
      expect(parsed).toMatchObject({
        ok: true,
        skipped: [{ host: "entry 1", why: "stands under a key that names no registry" }],
      });
      expect(parsed.ok && [...parsed.logins.keys()]).toEqual(["quay.io"]);
    },
  );
});

describe("parseDockerConfig", () => {
  it("reads username and password of each host", () => {
    const auths = {
      "https://index.docker.io/v1/": { username: "hub", password: "one" },
      "ghcr.io": { username: "gh", password: "two", email: "a@b.c" },
    };
    expect(read({ auths })).toEqual({ logins: { "docker.io": ["hub", "one"], "ghcr.io": ["gh", "two"] }, skipped: [] });
  });

  it("reads the legacy form without auths", () => {
    expect(read({ "quay.io/org": { auth: encoded("a:b") } }, "dockercfg").logins).toEqual({
      "quay.io/org": ["a", "b"],
    });
  });

  it("prefers auth to username and password, and splits it at the first colon", () => {
    const auths = { "ghcr.io": { username: "old", password: "old", auth: encoded("new:with:colons") } };
    expect(read({ auths }).logins).toEqual({ "ghcr.io": ["new", "with:colons"] });
  });

  it("knows its members in whatever letters they are written, as a program in Go does", () => {
    const entry = { Username: "u", PASSWORD: "p", Password: null, "pa\u00DFword": "another", Email: "a@b.c" };
    expect(read({ Auths: { "ghcr.io": entry, "quay.io": { AUTH: encoded("a:b") } } })).toEqual({
      logins: { "ghcr.io": ["u", "p"], "quay.io": ["a", "b"] },
      skipped: [],
    });
    expect(read({ "auth\u017F": { "ghcr.io": entry } }).logins).toEqual({ "ghcr.io": ["u", "p"] });
  });

  it("unites several auths, and takes null for nothing, as a program in Go does", () => {
    const text = `{"auths":{"ghcr.io":{"username":"u","password":"p","auth":null}},"AUTHS":{"quay.io":{"auth":"YTpi"}},"auths":null}`;
    const result = parseDockerConfig(text, "dockerconfigjson");
    expect(result.ok && [...result.logins.keys()]).toEqual(["ghcr.io", "quay.io"]);
  });

  it.each(["auth", "authss", "aut", "user_name"])("takes no other name for one of them: %s", (name) => {
    expect(problemOf(JSON.stringify({ [name]: { "ghcr.io": { username: "u", password: "p" } } }))).toBeDefined();
  });

  it("ignores an empty auth", () => {
    expect(read({ auths: { "ghcr.io": { username: "u", password: "p", auth: "" } } }).logins).toEqual({
      "ghcr.io": ["u", "p"],
    });
  });

  it("keeps line breaks in a password, as a Google key file has them", () => {
    const password = '{\n  "type": "service_account"\n}\n';
    expect(read({ auths: { "eu.gcr.io": { auth: encoded(`_json_key:${password}`) } } }).logins).toEqual({
      "eu.gcr.io": ["_json_key", password],
    });
  });

  it("takes the canonical spelling where one host has two logins, and names the host", () => {
    const auths = {
      "https://ghcr.io": { username: "scheme", password: "x" },
      "ghcr.io": { username: "bare", password: "y" },
    };
    const { logins, skipped } = read({ auths });
    expect(logins).toEqual({ "ghcr.io": ["bare", "y"] });
    expect(skipped).toEqual([{ host: "ghcr.io", why: "differs from another one of the same host, which is used" }]);
  });

  it("says nothing about the same login under two spellings", () => {
    const login = { username: "u", password: "p" };
    expect(read({ auths: { "docker.io": login, "https://index.docker.io/v1/": login } })).toEqual({
      logins: { "docker.io": ["u", "p"] },
      skipped: [],
    });
  });

  it("takes the usable one of two spellings", () => {
    const auths = { "ghcr.io": {}, "https://ghcr.io": { username: "u", password: "p" } };
    expect(read({ auths }).logins).toEqual({ "ghcr.io": ["u", "p"] });
  });

  it.each([
    ["an identity token", { identitytoken: secret }, "identity or registry token"],
    [
      "an identity token beside a user name",
      { auth: encoded("user:"), identitytoken: secret },
      "identity or registry token",
    ],
    ["a registry token", { registrytoken: secret }, "identity or registry token"],
    ["no user name", { password: secret }, "no user name"],
    ["no password", { username: "user" }, "no password"],
    ["a colon in the user name", { username: `a:${secret}`, password: secret }, "colon in its user name"],
    ["an auth that is not base64", { auth: `${secret}!` }, "not base64 of user:password"],
    ["an auth without a colon", { auth: encoded(secret) }, "not base64 of user:password"],
    ["a password that is a list", { username: "user", password: [secret] }, "not text"],
    ["text in place of an object", secret, "not a JSON object"],
  ])("skips a host that has %s, and serves the others", (_, broken, why) => {
    const { logins, skipped } = read({ auths: { "quay.io": broken, "ghcr.io": { username: "u", password: "p" } } });
    expect(logins).toEqual({ "ghcr.io": ["u", "p"] });
    expect(skipped).toEqual([{ host: "quay.io", why: expect.stringContaining(why) }]);
    expect(JSON.stringify(skipped)).not.toContain(secret);
  });

  it("does not repeat a key that names no registry, as it may hold a password", () => {
    const { skipped } = read({
      auths: {
        "ghcr.io": { username: "u", password: "p" },
        [`https://user:${secret}@quay.io`]: { username: "u", password: "p" },
      },
    });
    expect(skipped).toEqual([{ host: "entry 2", why: "stands under a key that names no registry" }]);
  });

  it("reports the hosts of credential helpers beside usable logins", () => {
    const { skipped } = read({
      auths: { "ghcr.io": { username: "u", password: "p" } },
      credHelpers: { "gcr.io": "gcloud", "ghcr.io": "gh" },
    });
    expect(skipped).toEqual([{ host: "gcr.io", why: expect.stringContaining("write the login itself") }]);
  });

  it.each([
    ["{}", "holds no credentials"],
    ['{"auths":{}}', "holds no credentials"],
    ['{"auths":null}', "holds no credentials"],
    ['{"auths":[]}', '"auths" that is not a JSON object'],
    ["", "is not JSON"],
    [`{"auths":{"ghcr.io":{"password":"${secret}"`, "is not JSON"],
    [secret, "is not JSON"],
    [JSON.stringify(secret), "is not a JSON object"],
    [JSON.stringify(`{"auths":{"ghcr.io":{"password":"${secret}"}}}`), "was quoted twice; write the JSON itself"],
    ["[]", "is not a JSON object"],
    ["null", "is not a JSON object"],
    [encoded(`{"auths":{"ghcr.io":{"password":"${secret}"}}}`), "encoded twice"],
    [`{"ghcr.io":{"auth":"${encoded(`a:${secret}`)}"}}`, 'wrap them as {"auths"'],
    [`{"auths":{"ghcr.io":{}},"credsStore":"desktop"}`, "write the login itself"],
    [`{"auths":{},"credHelpers":{"gcr.io":"gcloud"}}`, "gcr.io is kept by a credential helper"],
    [
      `{"auths":{"ghcr.io":{"identitytoken":"${secret}"}}}`,
      "holds no usable credentials: ghcr.io has only an identity",
    ],
    [`{"auths":{"x@${secret}":{}}}`, "holds no usable credentials: entry 1"],
    [" ".repeat(70_000), "larger than 64 KiB"],
  ])("says of %j what is wrong, without its content", (text, problem) => {
    expect(problemOf(text)).toContain(problem);
    expect(problemOf(text)).not.toContain(secret);
  });

  it("says where the newer form belongs", () => {
    expect(problemOf('{"auths":{"ghcr.io":{"username":"u","password":"p"}}}', "dockercfg")).toContain(
      "kubernetes.io/dockerconfigjson",
    );
  });

  it("names at most three of the hosts that it cannot use", () => {
    const auths = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`${name}.io`, {}]));
    expect(problemOf(JSON.stringify({ auths }))).toMatch(/a\.io .*b\.io .*c\.io has no user name; and 2 more$/);
  });

  it("reads 256 hosts and refuses 257", () => {
    const config = (count: number) =>
      JSON.stringify({
        auths: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [`r${index}.io`, { username: "u", password: "p" }]),
        ),
      });
    expect(problemOf(config(256))).toBe("no problem");
    expect(problemOf(config(257))).toBe("names more than 256 hosts");
  });

  it("never throws and never tells a password, whatever the JSON", () => {
    const value = fc.jsonValue().map((json) => JSON.stringify(json));
    const broken = fc.constantFrom(
      ...["", "{", "x", '"'].map((end) => `{"auths":{"ghcr.io":{"auth":"${secret}"}}}${end}`),
    );
    const odd = fc
      .dictionary(
        fc.constantFrom("username", "password", "auth", "identitytoken", "email"),
        fc.constantFrom<unknown>(
          secret,
          "",
          1,
          null,
          [secret],
          encoded(secret),
          encoded(`:${secret}`),
          encoded(`${secret}:`),
        ),
      )
      .map((login) => JSON.stringify({ auths: { "ghcr.io": login } }));
    fc.assert(
      fc.property(
        fc.oneof(value, broken, odd),
        fc.constantFrom<DockerConfigForm>("dockerconfigjson", "dockercfg"),
        (text, form) => {
          const result = parseDockerConfig(text, form);
          expect(JSON.stringify(result.ok ? result.skipped : result.problem)).not.toContain(secret);
        },
      ),
    );
  });

  it("serves a host called __proto__ or constructor like any other key", () => {
    const text =
      '{"auths":{"__proto__":{"username":"u","password":"p"},"constructor":{"username":"u","password":"p"}}}';
    const result = parseDockerConfig(text, "dockerconfigjson");
    expect(result.ok && [...result.logins.keys()]).toEqual(["constructor"]);
  });
});

describe("renderDockerConfig", () => {
  it("writes username, password and auth, sorted by key, without white space", () => {
    expect(renderDockerConfig([entry("quay.io", "q", "2"), entry("ghcr.io", "g", "1")])).toBe(
      '{"auths":{"ghcr.io":{"username":"g","password":"1","auth":"Zzox"},"quay.io":{"username":"q","password":"2","auth":"cToy"}}}',
    );
  });

  const host = fc
    .tuple(fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.constantFrom(".io", ".example.com:5000", ".io/org"))
    .map(([name, rest]) => `${name}${rest}`);
  const hosts = fc.uniqueArray(fc.oneof(host, fc.constant("docker.io")), { minLength: 1, maxLength: 6 });
  const username = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes(":"));
  const password = fc.string({ unit: "grapheme", minLength: 1 });
  const entries = fc
    .tuple(hosts, fc.array(fc.tuple(username, password), { minLength: 6, maxLength: 6 }))
    .map(([names, logins]) => names.map((name, index) => entry(configKey(name), ...(logins[index] ?? ["u", "p"]))));

  it("is read back as the same logins", () => {
    fc.assert(
      fc.property(entries, (given) => {
        const result = parseDockerConfig(renderDockerConfig(given), "dockerconfigjson");
        const expected = new Map(given.map(({ key, login }) => [canonicalHost(key) ?? key, login]));
        expect(result.ok && revealed(result.logins)).toEqual(revealed(expected));
      }),
    );
  });

  it("gives the same bytes for the same entries in any order", () => {
    fc.assert(
      fc.property(entries, (given) => {
        expect(renderDockerConfig(given.toReversed())).toBe(renderDockerConfig(given));
      }),
    );
  });
});
