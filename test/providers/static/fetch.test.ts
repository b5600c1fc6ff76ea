// Tests of which Secrets are sources, and of what is said of those that are not.
import { describe, expect, it } from "vitest";
import type { StaticGrant } from "../../../src/providers/static/grant.ts";
import type { OperatorSecretRecord } from "../../../src/cluster/records.ts";
import type { Provider } from "../../../src/providers/provider.ts";
import { staticProvider } from "../../../src/providers/static/fetch.ts";
import { tokenFromData } from "../../../src/cluster/token-wire.ts";
import { transformOperatorSecret } from "../../../src/cluster/transform/operator-secret.ts";
import { fakeClock } from "../../fake-clock.ts";
import { textWithSteps } from "../../../src/runtime/steps.ts";
import { type Behaviour, contract, passwordsOf, failureOf } from "../contract.ts";

const password = "s3cret-Pa55word";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const never = new AbortController().signal;

interface Source {
  readonly namespace?: string;
  readonly type?: string;
  readonly text?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
}

const grant: StaticGrant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "username",
  passwordKey: "password",
  perTenant: false,
};

/** As the reflector would hand it over. */
function recordOf(source: Source): OperatorSecretRecord {
  const { namespace = "ops", type = "kubernetes.io/basic-auth", text = { username: "ann", password } } = source;
  return transformOperatorSecret(tokenFromData)({
    metadata: {
      namespace,
      name: "hub",
      uid: "u1",
      resourceVersion: source.resourceVersion ?? "7",
      labels: source.labels,
      annotations: source.annotations,
    },
    type,
    data: Object.fromEntries(Object.entries(text).map(([key, value]) => [key, base64(value)])),
  });
}

const clock = fakeClock(Temporal.Instant.from("2026-06-01T00:00:00Z"));

function providerOf(source: Source | undefined): Provider<StaticGrant> {
  const record = source && recordOf(source);
  return staticProvider({
    secret: (key) => (record?.key === key ? record : undefined),
    operatorNamespace: "ops",
    sourceNamespaces: ["vault"],
    clock,
  });
}

const dockerConfig = (auths: object, beside: object = {}): Source => ({
  type: "kubernetes.io/dockerconfigjson",
  text: { ".dockerconfigjson": JSON.stringify({ auths, ...beside }) },
});

contract("Static", {
  subject: () => {
    let record: OperatorSecretRecord | undefined = recordOf({});
    const broken: Partial<Record<Behaviour, Source>> = {
      deny: { namespace: "ops", type: "kubernetes.io/tls" },
      empty: { text: { username: "ann", password: "" } },
      expired: { annotations: { "regcred.dev/expires-at": "2026-05-31T00:00:00Z" } },
      truncated: {
        type: "kubernetes.io/dockerconfigjson",
        text: { ".dockerconfigjson": `{"auths":{"a.io":{"password":"${password}` },
      },
    };
    return {
      provider: staticProvider({ secret: () => record, operatorNamespace: "ops", sourceNamespaces: [], clock }),
      clock,
      grant,
      secrets: [password],
      behave: (behaviour) => {
        record = recordOf(broken[behaviour] ?? {});
      },
    };
  },
  // The other side is a Secret of the cluster: it neither keeps anybody waiting nor is meant for an audience.
  behaviours: ["truncated", "empty", "expired", "deny"],
  mayBeEndless: true,
  invalid: { reason: /^Source(Invalid|Expired)$/, retry: "on-change" },
  denied: { reason: /^SourceRefused$/, retry: "on-change" },
});

describe("a source Secret", () => {
  it.each<[string, Source, StaticGrant]>([
    ["of type basic-auth", {}, grant],
    ["Opaque", { type: "Opaque" }, grant],
    [
      "Opaque with keys of its own",
      { type: "Opaque", text: { u: "ann", p: password } },
      { ...grant, usernameKey: "u", passwordKey: "p" },
    ],
    ["of type basic-auth, whose keys are fixed", {}, { ...grant, usernameKey: "u", passwordKey: "p" }],
    [
      "that is offered from another namespace",
      { namespace: "vault", labels: { "regcred.dev/source": "true" } },
      { ...grant, namespace: "vault" },
    ],
  ])("%s gives one login for all hosts", async (_what, source, asked) => {
    const minted = await providerOf(source).fetch(asked, never);
    expect(minted.logins).toMatchObject({ all: { username: "ann" } });
    expect(passwordsOf(minted)).toEqual([password]);
    expect(minted.expiresAt).toBeUndefined();
  });

  it.each<[string, Source]>([
    [
      "dockerconfigjson",
      dockerConfig({
        "https://index.docker.io/v1/": { username: "ann", password },
        "ghcr.io": { auth: base64(`ann:${password}`) },
      }),
    ],
    [
      "the legacy dockercfg",
      {
        type: "kubernetes.io/dockercfg",
        text: {
          ".dockercfg": JSON.stringify({
            "docker.io": { username: "ann", password },
            "ghcr.io": { username: "ann", password },
          }),
        },
      },
    ],
  ])("of type %s gives a login for each of its hosts", async (_what, source) => {
    const { logins } = await providerOf(source).fetch(grant, never);
    expect("byHost" in logins && [...logins.byHost.keys()].toSorted()).toEqual(["docker.io", "ghcr.io"]);
  });

  it("has a login under the names that release 0.1.0 gave its hosts, too", async () => {
    const login = { username: "ann", password };
    const source = dockerConfig({ "AcmeImages.azurecr.io": login, "registry-1.docker.io": login });
    const { logins } = await providerOf(source).fetch(grant, never);
    expect("byHost" in logins && [...logins.byHost.keys()].toSorted()).toEqual([
      "AcmeImages.azurecr.io",
      "acmeimages.azurecr.io",
      "docker.io",
      "registry-1.docker.io",
    ]);
  });

  it.each<[string, Source | undefined, Partial<StaticGrant>, string, RegExp]>([
    [
      "is not there",
      undefined,
      {},
      "SourceMissing",
      /ops\/hub does not exist; create it: kubectl create secret docker-registry -n ops hub /,
    ],
    [
      "is in a namespace that sources may not live in",
      { namespace: "team-a" },
      { namespace: "team-a" },
      "SourceNotAllowed",
      /--source-namespaces=team-a, or move it to ops/,
    ],
    [
      "elsewhere is not labelled",
      { namespace: "vault" },
      { namespace: "vault" },
      "SourceMissing",
      /vault\/hub does not say that it may be one; label it: kubectl label -n vault secret hub regcred\.dev\/source=true --overwrite$/,
    ],
    [
      "has its logins in a credential store",
      {
        ...dockerConfig({ "ghcr.io": {} }, { credsStore: "desktop" }),
        namespace: "vault",
        labels: { "regcred.dev/source": "true" },
      },
      { namespace: "vault" },
      "SourceInvalid",
      /user name and password; delete it: kubectl delete secret -n vault hub; make it anew with the login itself: kubectl create secret docker-registry -n vault hub --docker-server=HOST .*; label it: kubectl label -n vault secret hub /,
    ],
    [
      "is a token Secret",
      { type: "regcred.dev/token", text: { "token.json": "{}" } },
      {},
      "SourceRefused",
      /name another Secret/,
    ],
    [
      "is a pull Secret of ours",
      {
        ...dockerConfig({ "ghcr.io": { username: "ann", password } }),
        labels: { "app.kubernetes.io/managed-by": "regcred" },
      },
      {},
      "SourceRefused",
      /written by regcred/,
    ],
    [
      "is of another type",
      { type: "kubernetes.io/tls", text: { "tls.key": password } },
      {},
      "SourceRefused",
      /of a type that holds no login/,
    ],
    [
      "is too large",
      { type: "Opaque", text: { username: "ann", password, more: "x".repeat(70_000) } },
      {},
      "SourceTooLarge",
      /64 KiB/,
    ],
    [
      "is empty",
      { type: "Opaque", text: {} },
      {},
      "SourceInvalid",
      /lacks the key username and password \(it has nothing\)/,
    ],
    [
      "has other keys",
      { type: "Opaque", text: { user: "ann", password } },
      {},
      "SourceInvalid",
      /lacks the key username \(it has password, user\): add it, or name the keys/,
    ],
    [
      "holds a docker config under a key of its own",
      {
        type: "Opaque",
        text: { "config.json": JSON.stringify({ auths: { "ghcr.io": { username: "ann", password } } }) },
      },
      {},
      "SourceInvalid",
      /a docker config under the key config\.json, but is of type Opaque, .+--type=kubernetes\.io\/dockerconfigjson --from-file=\.dockerconfigjson=FILE/,
    ],
    [
      "holds a docker config in place of a password",
      { text: { username: "ann", password: JSON.stringify({ auths: { "ghcr.io": { username: "ann", password } } }) } },
      {},
      "SourceInvalid",
      /a docker config under the key password, but is of type kubernetes\.io\/basic-auth, .+--from-file=\.dockerconfigjson=FILE$/,
    ],
    [
      "holds a docker config that was encoded twice, elsewhere",
      {
        namespace: "vault",
        labels: { "regcred.dev/source": "true" },
        type: "Opaque",
        text: { config: btoa(JSON.stringify({ Auths: { "ghcr.io": { username: "ann", password } } })) },
      },
      { namespace: "vault" },
      "SourceInvalid",
      /under the key config, but .+--from-file=\.dockerconfigjson=FILE; label it: kubectl label -n vault secret hub /,
    ],
    [
      "holds its docker config under a key where nobody looks",
      {
        type: "kubernetes.io/dockerconfigjson",
        text: { ".dockerconfigjson": "{}", "config.json": JSON.stringify({ auths: { "a.io": { auth: "x" } } }) },
      },
      {},
      "SourceInvalid",
      /a docker config under the key config\.json, where no kubelet looks: put it under \.dockerconfigjson$/,
    ],
    [
      "has no user name under a key that cannot be chosen",
      { text: { password } },
      {},
      "SourceInvalid",
      /lacks the key username \(it has password\): add it$/,
    ],
    [
      "holds a legacy docker config",
      { type: "kubernetes.io/basic-auth", text: { ".dockercfg": JSON.stringify({ "ghcr.io": { auth: "x" } }) } },
      {},
      "SourceInvalid",
      /of type kubernetes\.io\/basic-auth, .+--from-file=\.dockercfg=FILE/,
    ],
    [
      "has two lines in its password",
      { text: { username: "ann", password: `${password}\nsecond` } },
      {},
      "SourceInvalid",
      /line break or another control character in its password: write it on one line/,
    ],
    ["has a tab in its user name", { text: { username: "ann\tb", password } }, {}, "SourceInvalid", /in its user name/],
    [
      "has nothing but line ends for a password",
      { text: { username: "ann", password: "\r\n" } },
      {},
      "SourceInvalid",
      /has no password/,
    ],
    [
      "has a user name for no host",
      {
        type: "kubernetes.io/dockerconfigjson",
        text: { ".dockerconfigjson": JSON.stringify({ username: "ann", password }) },
      },
      {},
      "SourceInvalid",
      /for no host: write \{"auths"/,
    ],
    [
      "has two lines in its docker config's only password",
      dockerConfig({ "ghcr.io": { username: "ann", password: `${password}\nx` } }),
      {},
      "SourceInvalid",
      /the login of ghcr\.io has a line break/,
    ],
    [
      "has an empty password",
      { type: "Opaque", text: { username: "ann", password: "" } },
      {},
      "SourceInvalid",
      /has no password/,
    ],
    [
      "has an empty docker config",
      { type: "kubernetes.io/dockerconfigjson", text: { ".dockerconfigjson": "" } },
      {},
      "SourceInvalid",
      /is empty: put a docker config under the key \.dockerconfigjson/,
    ],
    [
      "holds no JSON",
      { type: "kubernetes.io/dockerconfigjson", text: { ".dockerconfigjson": `{"auths":{"a.io":"${password}` } },
      {},
      "SourceInvalid",
      /is not JSON/,
    ],
    ["holds no logins", dockerConfig({}), {}, "SourceInvalid", /holds no credentials/],
    [
      "holds an identity token only",
      dockerConfig({ "a.io": { identitytoken: password } }),
      {},
      "SourceInvalid",
      /only an identity or registry token/,
    ],
    [
      "leaves it to a credential helper",
      {
        type: "kubernetes.io/dockerconfigjson",
        text: { ".dockerconfigjson": JSON.stringify({ auths: {}, credHelpers: { "a.io": "ecr-login" } }) },
      },
      {},
      "SourceInvalid",
      /credHelpers/,
    ],
    [
      "has ended",
      { annotations: { "regcred.dev/expires-at": "2026-05-31T00:00:00Z" } },
      {},
      "SourceExpired",
      /expired at 2026-05-31T00:00:00Z.*regcred\.dev\/expires-at/,
    ],
    [
      "has an end that is no time",
      { annotations: { "regcred.dev/expires-at": "next summer" } },
      {},
      "SourceInvalid",
      /write it like 2027-01-31T00:00:00Z/,
    ],
  ])("that %s is refused with what to do", async (_what, source, asked, reason, message) => {
    const error = await failureOf(providerOf(source), { ...grant, ...asked });
    expect(error).toMatchObject({ reason, cause: "Platform", retry: "on-change" });
    expect(textWithSteps(error)).toMatch(message);
    expect(error.message).toMatch(/^the source Secret /);
    expect(error.message).not.toContain(password);
  });

  it("that is not UTF-8 says so", async () => {
    const data = { username: base64("ann"), password: Buffer.from("\uFEFFsecret", "utf16le").toString("base64") };
    const record = transformOperatorSecret(tokenFromData)({
      metadata: { namespace: "ops", name: "hub", uid: "u1", resourceVersion: "7" },
      type: "Opaque",
      data,
    });
    const provider = staticProvider({
      secret: () => record,
      operatorNamespace: "ops",
      sourceNamespaces: [],
      clock,
    });
    expect((await failureOf(provider, grant)).message).toMatch(/password is not UTF-8 text/);
  });

  it.each<[string, Source]>([
    ["echo", { text: { username: "ann\n", password: `${password}\n` } }],
    ["an editor of Windows", { text: { username: "\uFEFFann\r\n", password: `${password}\r\n\r\n` } }],
    ["a docker config that was written by hand", dockerConfig({ "ghcr.io": { auth: base64(`ann:${password}\n`) } })],
    ["base64 in lines", dockerConfig({ "ghcr.io": { auth: base64(`ann:${password}`).replace(/(.{8})/g, "$1\n") } })],
  ])("loses what %s has put around its login", async (_what, source) => {
    expect(passwordsOf(await providerOf(source).fetch(grant, never))).toEqual([password]);
  });

  it("may have line breaks within a password that is JSON", async () => {
    const key = `{\n  "type": "service_account",\n  "private_key": "x"\n}`;
    const minted = await providerOf({ text: { username: "_json_key", password: `${key}\n` } }).fetch(grant, never);
    expect(passwordsOf(minted)).toEqual([key]);
  });

  it("gives the logins of other hosts where one cannot be used", async () => {
    const { logins } = await providerOf(
      dockerConfig({ "a.io": { username: "ann", password: "two\nlines" }, "b.io": { username: "ann", password } }),
    ).fetch(grant, never);
    expect("byHost" in logins && [...logins.byHost.keys()]).toEqual(["b.io"]);
  });

  it("that a placeholder names, and is not labelled, is told like one that does not exist", async () => {
    const asked = { ...grant, namespace: "vault", perTenant: true };
    const reported = async (source: Source | undefined): Promise<string> =>
      textWithSteps(await failureOf(providerOf(source), asked));
    expect(await reported({ namespace: "vault" })).toBe(await reported(undefined));
  });

  it("that a placeholder names is the tenant's to mend", async () => {
    expect(await failureOf(providerOf(undefined), { ...grant, perTenant: true })).toMatchObject({ cause: "Tenant" });
  });

  it("may name its own end", async () => {
    const source = { annotations: { "regcred.dev/expires-at": "2026-07-01T00:00:00+02:00" } };
    expect((await providerOf(source).fetch(grant, never)).expiresAt?.toString()).toBe("2026-06-30T22:00:00Z");
  });
});
