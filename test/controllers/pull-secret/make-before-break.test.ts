// Tests that a login stays when its entry is altered and cannot be had, and goes when it is taken back.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import { credential, namespace, staticEntry } from "../../entitlement/objects.ts";
import { acme, passwordsIn, world } from "../altered-entries.ts";

const team = namespace({ name: "team-a", labels: { tenant: "blue", zone: "one" } });
const other = namespace({ name: "team-b", labels: { tenant: "red", zone: "one" } });

const host = "a.example.com";
const source = (secretName: string, changes: Partial<Parameters<typeof staticEntry>[0]> = {}): Entry =>
  staticEntry({ name: "main", hosts: [host], static: { secretName, usernameKey: "u", passwordKey: "p" }, ...changes });

const paris = "123456789012.dkr.ecr.eu-west-3.amazonaws.com";
const role = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;
type Ecr = Extract<Entry, { provider: "ECR" | "ECRPublic" }>;
type Acr = Extract<Entry, { provider: "ACR" }>;
type Google = Extract<Entry, { provider: "GCR" | "GAR" }>;
type Ocir = Extract<Entry, { provider: "OCIR" }>;
type Icr = Extract<Entry, { provider: "ICR" }>;
type Exchange = Extract<Entry, { provider: "TokenExchange" }>;
const ecr = (changes: Partial<Ecr> = {}): Entry => ({
  name: "main",
  provider: "ECR",
  hosts: [paris],
  identity: { from: "Operator" },
  ecr: { roleARN: role("one"), externalID: "one" },
  ...changes,
});
const ecrPublic = (changes: Partial<Ecr> = {}): Entry => ({
  name: "main",
  provider: "ECRPublic",
  hosts: ["public.ecr.aws"],
  identity: { from: "Operator" },
  ecr: { roleARN: role("one") },
  ...changes,
});
const guid = (digit: number): string => `${digit}1111111-1111-1111-1111-111111111111`;
const acr = (changes: Partial<Acr> = {}): Entry => ({
  name: "main",
  provider: "ACR",
  hosts: ["acme1.azurecr.io"],
  identity: { from: "Operator" },
  acr: { tenantID: guid(1), clientID: guid(2), repositories: ["app"] },
  ...changes,
});
const google = (changes: Partial<Google> = {}): Entry => ({
  name: "main",
  provider: "GAR",
  hosts: ["europe-west1-docker.pkg.dev"],
  identity: { from: "Secret", name: "key" },
  google: { impersonate: "one@project.iam.gserviceaccount.com" },
  ...changes,
});
const ocir = (changes: Partial<Ocir> = {}): Entry => ({
  name: "main",
  provider: "OCIR",
  hosts: ["iad.ocir.io"],
  identity: { from: "Operator" },
  ocir: {},
  ...changes,
});
const icr = (changes: Partial<Icr> = {}): Entry => ({
  name: "main",
  provider: "ICR",
  hosts: ["icr.io"],
  identity: { from: "Secret", name: "key" },
  icr: { trustedProfileID: `Profile-${guid(1)}` },
  ...changes,
});
const settings: Exchange["tokenExchange"] = {
  url: "https://sts.example.com/token",
  method: "POST",
  auth: { type: "Bearer" },
  response: { tokenPath: "access_token", expiry: "Seconds", expiryPath: "expires_in" },
  username: "oauth2",
};
const exchange = (changes: Partial<Exchange> = {}): Entry => ({
  name: "main",
  provider: "TokenExchange",
  hosts: [host],
  identity: { from: "Secret", name: "key" },
  tokenExchange: settings,
  ...changes,
});

/** What stood before, and what it was altered to. No token is to be had for any of the latter. */
const altered: readonly (readonly [string, Entry, Entry])[] = [
  ["a source", source("one"), source("two")],
  [
    "a source's namespace",
    source("one"),
    source("x", { static: { secretName: "one", secretNamespace: "shared", usernameKey: "u", passwordKey: "p" } }),
  ],
  [
    "a key of a source",
    source("one"),
    source("x", { static: { secretName: "one", usernameKey: "v", passwordKey: "p" } }),
  ],
  ["a source, to one by a label", source("one"), source("x-$(namespace.labels['zone'])")],
  ["a source by a label", source("x-$(namespace.labels['tenant'])"), source("y-$(namespace.labels['tenant'])")],
  ["a source by the name, to one for all", source("x-$(namespace.name)"), source("one")],
  ["the provider", source("one"), exchange()],
  ["ECR's role", ecr(), ecr({ ecr: { roleARN: role("two"), externalID: "one" } })],
  ["ECR's external id", ecr(), ecr({ ecr: { roleARN: role("one"), externalID: "two" } })],
  ["ECR's identity", ecr(), ecr({ identity: { from: "Secret", name: "key" } })],
  ["ECR's CA", ecr(), ecr({ caSecretName: "ca" })],
  ["ECR Public's role", ecrPublic(), ecrPublic({ ecr: { roleARN: role("two") } })],
  ["ECR Public's identity", ecrPublic(), ecrPublic({ identity: { from: "Secret", name: "key" } })],
  ["ACR's tenant", acr(), acr({ acr: { tenantID: guid(3), clientID: guid(2), repositories: ["app"] } })],
  ["ACR's client", acr(), acr({ acr: { tenantID: guid(1), clientID: guid(3), repositories: ["app"] } })],
  ["ACR's repositories", acr(), acr({ acr: { tenantID: guid(1), clientID: guid(2), repositories: ["other"] } })],
  [
    "ACR's audience",
    acr(),
    acr({
      acr: { tenantID: guid(1), clientID: guid(2), repositories: ["app"], audience: "https://management.azure.com" },
    }),
  ],
  ["ACR's identity", acr(), acr({ identity: { from: "Secret", name: "key" } })],
  ["whom Google impersonates", google(), google({ google: { impersonate: "two@project.iam.gserviceaccount.com" } })],
  ["Google's scopes", google(), google({ google: { scopes: ["https://www.googleapis.com/auth/cloud-platform"] } })],
  ["Google's identity", google(), google({ identity: { from: "Secret", name: "other" } })],
  ["OCIR's identity", ocir(), ocir({ identity: { from: "Secret", name: "key" } })],
  ["ICR's profile", icr(), icr({ icr: { trustedProfileID: `Profile-${guid(2)}` } })],
  ["ICR's identity", icr(), icr({ identity: { from: "Secret", name: "other" } })],
  ["an endpoint", exchange(), exchange({ tokenExchange: { ...settings, url: "https://other.example.com/token" } })],
  ["an endpoint's CA", exchange(), exchange({ caSecretName: "ca" })],
];
/** The same, to what cannot even be rendered. */
const unrenderable: typeof altered = [
  ["a source, to one by a label that the namespace lacks", source("one"), source("x-$(namespace.labels['lacking'])")],
  ["the provider, to one that does not know the host", source("one"), ecr({ hosts: [host] })],
  ["ECR's role, to what is no role", ecr(), ecr({ ecr: { roleARN: "nonsense", externalID: "one" } })],
  [
    "ECR's identity, to an account that is not there",
    ecr(),
    ecr({ identity: { from: "ServiceAccount", name: "puller" } }),
  ],
];

describe.each(altered)("where %s was altered", (_what, before, after) => {
  it("the login of before stays, over a restart, and until the new one is there", () => {
    const { serve, mint, restart, lastPlan } = world();
    serve(team, acme(before));
    mint("first");
    const had = serve(team, acme(before));
    expect(Object.values(had)).toEqual(before.hosts.map(() => "first"));

    expect(serve(team, acme(after))).toEqual(had);
    expect(lastPlan()?.action.kind).toBe("none");
    restart();
    expect(serve(team, acme(after))).toEqual(had);
    expect(serve(team, acme(after))).toEqual(had);

    mint("second");
    expect(Object.values(serve(team, acme(after)))).toEqual(before.hosts.map(() => "second"));
  });
});

describe.each([...altered, ...unrenderable])("where %s was altered", (_what, before, after) => {
  it("the login of before stays, and is current again when it is altered back", () => {
    const { serve, mint, restart, tokens } = world();
    serve(team, acme(before));
    mint("first");
    const had = serve(team, acme(before));
    expect(serve(team, acme(after))).toEqual(had);
    restart();
    expect(serve(team, acme(after))).toEqual(had);
    expect(serve(team, acme(before))).toEqual(had);
    expect([...tokens().kept()]).toEqual([]);
  });

  it("no namespace gets it that did not have it", () => {
    const { serve, mint, restart } = world();
    serve(team, acme(before));
    mint("first");
    serve(team, acme(before));
    serve(team, acme(after));
    expect(serve(namespace({ ...team, name: "team-new", key: "team-new", uid: "new" }), acme(after))).toEqual({});
    restart();
    expect(serve(namespace({ ...team, name: "team-later", key: "team-later", uid: "later" }), acme(after))).toEqual({});
  });
});

describe("what is altered", () => {
  it("leaves when the login of before ends by itself, and no earlier", async () => {
    const { serve, mint, clock } = world();
    serve(team, acme(source("one")));
    mint("first", { minutes: 30 });
    serve(team, acme(source("one")));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    await clock.advance(Temporal.Duration.from({ minutes: 29, seconds: 59 }));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    expect(serve(team, acme(source("two")))).toEqual({});
  });

  it("twice in a row keeps what worked first, and is current again when it is altered back", () => {
    const { serve, mint, tokens, restart } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    expect(serve(team, acme(source("three")))).toEqual({ [host]: "first" });
    restart();
    expect(serve(team, acme(source("four")))).toEqual({ [host]: "first" });
    expect(serve(team, acme(source("one")))).toEqual({ [host]: "first" });
    expect([...tokens().kept()]).toEqual([]);
  });

  it("keeps in each namespace what it has, where another successor came between", () => {
    const { serve, mint, restart } = world();
    for (const each of [team, other]) serve(each, acme(source("one")));
    mint("first");
    for (const each of [team, other]) serve(each, acme(source("one")));
    // The write to the other one is refused, or its turn has not come.
    serve(team, acme(source("two")));
    mint("second");
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "second" });
    expect(serve(team, acme(source("three")))).toEqual({ [host]: "second" });
    expect(serve(other, acme(source("three")))).toEqual({ [host]: "first" });
    restart();
    expect(serve(team, acme(source("three")))).toEqual({ [host]: "second" });
    expect(serve(other, acme(source("three")))).toEqual({ [host]: "first" });
  });

  it("keeps each host with its own login where an entry needs several tokens", () => {
    const { serve, mint, restart, standing } = world();
    const dublin = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const hosts = [paris, dublin];
    const two = ecr({ hosts: [...hosts, dublin.replace("1", "2")], ecr: { roleARN: role("two") } });
    serve(team, acme(ecr({ hosts })));
    mint("first");
    serve(team, acme(ecr({ hosts })));
    const had = standing.get("team-a")?.dockerConfig;
    expect(new Set(JSON.stringify(had).match(/first-\w+/g)).size).toBe(2);
    serve(team, acme(two));
    expect(standing.get("team-a")?.dockerConfig).toBe(had);
    restart();
    serve(team, acme(two));
    expect(standing.get("team-a")?.dockerConfig).toBe(had);
  });

  it("takes nothing from the other entries, nor from the other credentials of the Secret", () => {
    const { serve, mint } = world();
    const second = staticEntry({
      name: "second",
      hosts: ["b.example.com"],
      static: { secretName: "s", usernameKey: "u", passwordKey: "p" },
    });
    const neighbour = credential({
      name: "other",
      uid: "uid-other",
      spec: { registries: [staticEntry({ name: "main", hosts: ["c.example.com"] })] },
    });
    serve(team, acme(source("one"), second), neighbour);
    mint("first");
    const had = serve(team, acme(source("one"), second), neighbour);
    expect(Object.keys(had)).toHaveLength(3);
    expect(serve(team, acme(source("two"), second), neighbour)).toEqual(had);
    mint("second");
    expect(serve(team, acme(source("two"), second), neighbour)).toEqual({ ...had, [host]: "second" });
  });

  it("is not read from what a tenant can write", () => {
    const { serve, mint, standing, restart } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    const mine = standing.get("team-a");
    if (!mine) throw new Error("nothing stands");
    restart();
    // A namespace that never had it copies all marks, but has another login.
    standing.set("team-b", { ...mine, dockerConfig: mine.dockerConfig?.replaceAll("first-", "forged-") });
    expect(serve(other, acme(source("two")))).toEqual({});
  });

  it("is given again where the Secret that had it is deleted or emptied", () => {
    const { serve, mint, standing, restart } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    serve(team, acme(source("two")));
    standing.delete("team-a");
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    restart();
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    standing.delete("team-a");
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
  });

  it("is replaced host by host, where the successor lacks one", () => {
    const { serve, mint, tokens, secrets } = world();
    const hosts = [host, "b.example.com"];
    serve(team, acme(source("one", { hosts })));
    mint("first");
    serve(team, acme(source("one", { hosts })));
    serve(team, acme(source("two", { hosts })));
    mint("second");
    for (const record of secrets.values()) {
      const token = record.kind === "token" ? record.token : undefined;
      if (!token || !("all" in token.logins) || !token.logins.all.password.reveal().startsWith("second")) continue;
      secrets.set(record.key, {
        ...record,
        kind: "token",
        token: { ...token, logins: { byHost: new Map([[host, token.logins.all]]) } },
      });
    }
    expect(serve(team, acme(source("two", { hosts })))).toEqual({ [host]: "second", "b.example.com": "first" });
    expect([...tokens().kept()]).toHaveLength(1);
  });
});

describe("what cannot be rendered because something is missing or hidden", () => {
  const byAccount = (from: "ServiceAccount" | "TenantServiceAccount"): Entry =>
    ecr({ identity: { from, name: "puller" }, ecr: { roleARN: role("one") } });

  it.each([
    ["an account of the operator's namespace", "ServiceAccount", "ops/puller"],
    ["a tenant's account", "TenantServiceAccount", "team-a/puller"],
  ] as const)("is a failure where it is %s, and no end; one that is made anew has its own token", (_what, from, at) => {
    const { serve, mint, accounts, restart } = world();
    accounts.set(at, { uid: "one", annotations: {} });
    serve(team, acme(byAccount(from)));
    mint("first");
    const had = serve(team, acme(byAccount(from)));
    expect(had).toEqual({ [paris]: "first" });
    accounts.delete(at);
    expect(serve(team, acme(byAccount(from)))).toEqual(had);
    restart();
    expect(serve(team, acme(byAccount(from)))).toEqual(had);
    accounts.set(at, { uid: "two", annotations: {} });
    expect(serve(team, acme(byAccount(from)))).toEqual(had);
    mint("second");
    expect(serve(team, acme(byAccount(from)))).toEqual({ [paris]: "second" });
  });

  it("gives a namespace that is made anew under a tenant's name nothing of what the tenant's account had", () => {
    const { serve, mint, accounts, standing, restart } = world();
    accounts.set("team-a/puller", { uid: "one", annotations: {} });
    serve(team, acme(byAccount("TenantServiceAccount")));
    mint("first");
    serve(team, acme(byAccount("TenantServiceAccount")));
    const copy = standing.get("team-a");
    accounts.delete("team-a/puller");
    const anew = namespace({ ...team, uid: "anew" });
    restart();
    if (copy) standing.set("team-a", copy);
    expect(serve(anew, acme(byAccount("TenantServiceAccount")))).toEqual({});
  });
});

const twoHosts = source("one", { hosts: [host, "b.example.com"] });
const labelled = source("x-$(namespace.labels['tenant'])");
const missing = namespace({ ...team, labels: { zone: "one" } });
const blueToRed = namespace({ ...team, labels: { tenant: "red", zone: "one" } });
const rezoned = namespace({ ...team, labels: { tenant: "blue", zone: "two" } });

describe("what is taken back leaves with the next write", () => {
  it.each([
    ["a host, though the entry is altered too", twoHosts, source("two"), team, { [host]: "first" }],
    [
      "an entry by its name, though all else is as it was altered",
      source("one"),
      source("two", { name: "renamed" }),
      team,
      {},
    ],
    ["what the namespace's label renders otherwise", labelled, labelled, blueToRed, {}],
    ["what the namespace's label renders no more", labelled, labelled, missing, {}],
    ["what the namespace's label rendered before the entry was altered", labelled, source("two"), blueToRed, {}],
    ["the same where the label is gone", labelled, source("two"), missing, {}],
  ] as const)("%s", (_what, before, after, then, left) => {
    const { serve, mint, restart } = world();
    serve(team, acme(before));
    mint("first");
    serve(team, acme(before));
    expect(serve(then, acme(after))).toEqual(left);
    restart();
    expect(serve(then, acme(after))).toEqual(left);
  });

  it("what a label rendered that changes while the entry is altered; another label takes nothing", () => {
    const { serve, mint } = world();
    serve(team, acme(labelled));
    mint("first");
    serve(team, acme(labelled));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    expect(serve(rezoned, acme(source("two")))).toEqual({ [host]: "first" });
    expect(serve(blueToRed, acme(source("two")))).toEqual({});
    // What has gone does not come back with the label.
    expect(serve(team, acme(source("two")))).toEqual({});
  });

  it("an entry, and a credential; one of the same name is another", () => {
    const { serve, mint } = world();
    const second = staticEntry({ name: "second", hosts: ["b.example.com"] });
    serve(team, acme(source("one"), second));
    mint("first");
    serve(team, acme(source("one"), second));
    expect(serve(team, acme(second))).toEqual({ "b.example.com": "first" });
    expect(serve(team, { ...acme(source("two"), second), uid: "uid-anew" })).toEqual({ "b.example.com": "first" });
    expect(serve(team)).toEqual({});
  });
});

describe("the token of before", () => {
  it("is kept while it is served, is not needed, and goes when nobody lives by it", async () => {
    const { serve, mint, tokens, clock } = world();
    for (const each of [team, other]) serve(each, acme(source("one")));
    mint("first");
    for (const each of [team, other]) serve(each, acme(source("one")));
    const [[grantKey] = [""]] = [...tokens().wanted()];
    for (const each of [team, other]) serve(each, acme(source("two")));
    await clock.advance(Temporal.Duration.from({ minutes: 11 }));
    expect([tokens().unusedSince(grantKey), tokens().isNeeded(grantKey)]).toEqual([undefined, false]);
    expect([...tokens().users(grantKey)]).toEqual(["secret/team-a/regcred", "secret/team-b/regcred"]);
    mint("second");
    serve(team, acme(source("two")));
    expect(tokens().unusedSince(grantKey)).toBeUndefined();
    serve(other, acme(source("two")));
    expect(tokens().unusedSince(grantKey)).toBe(clock.elapsed());
  });

  it("is kept while its successor does not fit, over a restart, and goes when that fits", async () => {
    const { serve, mint, tokens, clock, limit, restart } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    const [[grantKey] = [""]] = [...tokens().wanted()];
    serve(team, acme(source("two")));
    limit(400);
    mint("second".padEnd(400, "x"));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    await clock.advance(Temporal.Duration.from({ minutes: 11 }));
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    expect([tokens().unusedSince(grantKey), tokens().isNeeded(grantKey)]).toEqual([undefined, false]);
    restart();
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    expect(tokens().unusedSince(grantKey)).toBeUndefined();
    limit(4_000);
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "second".padEnd(400, "x") });
    expect(tokens().unusedSince(grantKey)).toBe(clock.elapsed());
  });

  it("is kept where its successor cannot be written, for when nothing else is left, and goes when it is", async () => {
    const { serve, mint, tokens, clock, denied, restart } = world();
    for (const each of [team, other]) serve(each, acme(source("one")));
    mint("first");
    for (const each of [team, other]) serve(each, acme(source("one")));
    const [[grantKey] = [""]] = [...tokens().wanted()];
    denied.add(team.name);
    for (const each of [team, other]) serve(each, acme(source("two")));
    mint("second");
    expect(serve(other, acme(source("two")))).toEqual({ [host]: "second" });
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
    await clock.advance(Temporal.Duration.from({ minutes: 11 }));
    expect([...tokens().users(grantKey)]).toEqual(["secret/team-a/regcred"]);
    restart();
    expect(serve(team, acme(source("three")))).toEqual({ [host]: "first" });
    expect(tokens().unusedSince(grantKey)).toBeUndefined();
    denied.clear();
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "second" });
    expect(tokens().unusedSince(grantKey)).toBe(clock.elapsed());
  });

  it("is not given where it has never been, though something else could not be written there for a while", () => {
    const { serve, mint, denied } = world();
    const others = staticEntry({ name: "others", hosts: ["b.example.com"] });
    serve(team, acme(source("one"), others));
    mint("first");
    serve(team, acme(source("one"), others));
    const altered = acme(source("two"), others);
    denied.add(other.name);
    expect([serve(other, altered), serve(other, altered)]).toEqual([{}, {}]);
    denied.clear();
    expect(serve(other, altered)).toEqual({ "b.example.com": "first" });
    expect(serve(other, altered)).toEqual({ "b.example.com": "first" });
    expect(serve(team, altered)).toEqual({ [host]: "first", "b.example.com": "first" });
  });

  it("of which the successor does not fit leaves when it ends", async () => {
    const { serve, mint, clock, limit } = world();
    const others = staticEntry({ name: "others", hosts: ["b.example.com"] });
    serve(team, acme(source("one"), others));
    mint("first");
    serve(team, acme(source("one"), others));
    serve(team, acme(source("two"), others));
    limit(400);
    mint("second".padEnd(400, "x"), { hours: 24 });
    await clock.advance(Temporal.Duration.from({ hours: 11 }));
    expect(serve(team, acme(source("two"), others))).toHaveProperty([host]);
    await clock.advance(Temporal.Duration.from({ hours: 1 }));
    expect(serve(team, acme(source("two"), others))).not.toHaveProperty([host]);
  });

  it("is kept over a restart where it stands, whatever else is served", () => {
    const { serve, mint, tokens, restart } = world();
    const others = staticEntry({ name: "others", hosts: ["b.example.com"] });
    serve(team, acme(source("one"), others));
    mint("first");
    serve(team, acme(source("one"), others));
    serve(team, acme(source("two"), others));
    const [kept = ""] = tokens().kept();
    restart();
    serve(team, acme(source("two"), others));
    expect([tokens().isNeeded(kept), [...tokens().kept()]]).toEqual([false, [kept]]);
  });

  it("is not kept for namespaces that did not have it", () => {
    const { serve, mint, tokens } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    serve(other, acme(source("two")));
    expect([...tokens().kept()]).toEqual([]);
  });

  it("names who uses it once: neither a restart nor another namespace has anything to store", () => {
    const { serve, mint, tokens, restart, store, secrets } = world();
    serve(team, acme(source("one")));
    mint("first");
    const [record] = [...secrets.values()];
    const [[grantKey] = [""]] = [...tokens().wanted()];
    serve(other, acme(source("one")));
    restart();
    for (const each of [team, other]) serve(each, acme(source("one")));
    expect(tokens().lacksMakers(grantKey)).toBe(false);
    store();
    expect([...secrets.values()]).toEqual([record]);
    // A second credential begins to use it.
    const second = { ...acme(source("one", { name: "its" })), name: "second", uid: "uid-second" };
    serve(team, acme(source("one")), second);
    expect(tokens().lacksMakers(grantKey)).toBe(true);
    store();
    expect(tokens().lacksMakers(grantKey)).toBe(false);
    restart();
    expect(serve(team, acme(source("two")), { ...second, spec: acme(source("two", { name: "its" })).spec })).toEqual({
      [host]: "first",
    });
  });

  it("of a release that did not store who used it is stored again once", () => {
    const { serve, mint, restart, store, secrets, tokens } = world();
    serve(team, acme(source("one")));
    mint("first");
    serve(team, acme(source("one")));
    for (const record of secrets.values()) {
      if (record.kind !== "token" || !record.token) continue;
      const { makers: _makers, ...token } = record.token;
      secrets.set(record.key, { ...record, token });
    }
    restart();
    serve(team, acme(source("one")));
    const [[grantKey] = [""]] = [...tokens().wanted()];
    expect(tokens().lacksMakers(grantKey)).toBe(true);
    store();
    restart();
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "first" });
  });

  it("is no way back to a login that others go on having renewed", async () => {
    const { serve, mint, standing, clock, secrets, tokens, restart } = world();
    const holder = {
      ...acme(source("one", { name: "its", hosts: ["c.example.com"] })),
      name: "holder",
      uid: "uid-holder",
    };
    serve(team, acme(source("one")));
    serve(other, holder);
    mint("first");
    serve(team, acme(source("one")));
    serve(other, holder);
    const kept = standing.get("team-a");
    serve(team, acme(source("two")));
    mint("second");
    expect(serve(team, acme(source("two")))).toEqual({ [host]: "second" });
    // The other one's login is renewed, and nobody of the altered entry lives by it any more.
    await clock.advance(Temporal.Duration.from({ minutes: 11 }));
    for (const record of secrets.values()) {
      if (record.kind !== "token" || !record.token || !tokens().isNeeded(record.token.grantKey)) continue;
      secrets.set(record.key, {
        ...record,
        token: { ...record.token, makers: tokens().makers(record.token.grantKey) },
      });
      tokens().forgetCeased(record.token.grantKey);
    }
    if (kept) standing.set("team-a", kept);
    expect(passwordsIn(standing.get("team-a"))).toEqual({ [host]: "first" });
    expect(serve(team, acme(source("three")))).toEqual({ [host]: "second" });
    restart();
    if (kept) standing.set("team-a", kept);
    expect(serve(team, acme(source("three")))).toEqual({});
  });
});
