// A provider that is made up, in a folder of its own: from one import follows all that the program does with one.
import { expect, it } from "vitest";
import { credentialSchema, type Schema } from "../../src/api/crd.ts";
import { credentialParser } from "../../src/api/parse-registry-credential.ts";
import { allProviders, type AllProvidersOptions } from "../../src/providers/all-providers.ts";
import { authorityOf, budgets, budgetsOf, circuitKey } from "../../src/providers/authority.ts";
import { defineProvider, type ProviderList } from "../../src/providers/definition.ts";
import { type Grant, grantsOf, isFailure } from "../../src/providers/grant.ts";
import { allowedHosts } from "../../src/providers/http/allow-list.ts";
import type { HttpCall } from "../../src/providers/http/http.ts";
import { endpointNotAllowed } from "../../src/providers/http/denied.ts";
import { providers } from "../../src/providers/index.ts";
import { isCloud } from "../../src/providers/kinds.ts";
import type { Loads } from "../../src/providers/provider.ts";
import { stored } from "../api/registry-credential.ts";
import { fakeClock } from "../fake-clock.ts";
import { quayside } from "./made-up/index.ts";
import { failureIn, identitiesFrom, loginIn, never } from "./scenario.ts";
import { scopeOf } from "./scope.ts";

const list = [...providers, quayside];

const written = {
  name: "own",
  provider: "Quayside",
  hosts: ["north.quayside.example"],
  identity: { from: "Secret", name: "keys" },
  quayside: { account: "pull-$(namespace.name)" },
};
const parsed = (entry: object, parse = credentialParser(list)) =>
  parse(stored({ metadata: { name: "own" }, spec: { registries: [entry], namespaces: { include: ["*"] } } } as never));

function groupsOf(changes: object = {}): ReturnType<typeof grantsOf> {
  const result = parsed({ ...written, ...changes });
  if (!result.ok) throw new TypeError(result.problems.join());
  return result.credential.spec.registries.flatMap((entry) => grantsOf(entry, scopeOf(), list));
}

function grantOf(): Grant {
  const [grant] = groupsOf().map((group) => group.grant);
  if (!grant || isFailure(grant)) throw new TypeError("a grant is expected");
  return grant;
}

const entrySchema = (schema: Schema): Schema =>
  schema.properties?.["spec"]?.properties?.["registries"]?.items as Schema;

it("the schema takes it, with its block, its hosts and what its settings need, and says the same as before of all others", () => {
  const { properties: own = {}, "x-kubernetes-validations": ownRules = [] } = entrySchema(credentialSchema());
  const { properties = {}, "x-kubernetes-validations": rules = [] } = entrySchema(credentialSchema(list));
  expect(properties["provider"]?.enum).toEqual([...(own["provider"]?.enum ?? []), "Quayside"]);
  expect(properties["provider"]?.description).toContain("Quayside: registries by the water.");
  expect(properties["quayside"]).toMatchObject({ description: "Settings of Quayside.", required: ["account"] });
  const { provider: _provider, quayside: _quayside, ...others } = properties;
  const { provider: _ownProvider, ...ownOthers } = own;
  expect(others).toEqual(ownOthers);
  const known = new Set(ownRules.map(({ message }) => message));
  const added = rules.map(({ message }) => message).filter((message) => !known.has(message));
  expect(added).toEqual([
    "write hosts of Quayside: QUAY.quayside.example, without port; for a name of your own, write that registry in registry",
    "write the host of the Quayside registry itself in registry, without port and path, and in hosts the names of your own that lead to it",
    "remove registry, or write provider: ECR or ECRPublic or ACR or GCR or GAR or OCIR or ICR or Quayside",
    "remove quayside, or write provider: Quayside",
    "write quayside.account: provider Quayside asks for it",
  ]);
});

it("an entry is parsed with its settings, and not without", () => {
  expect(parsed(written)).toMatchObject({ credential: { spec: { registries: [written] } } });
  const { quayside: _, ...without } = written;
  expect(parsed(without)).toEqual({
    ok: false,
    problems: ["spec.registries[0].quayside: missing, provider Quayside needs it"],
  });
  expect(parsed(written, credentialParser(providers))).toMatchObject({ ok: false });
});

it("an entry is rendered to its grants, and to failures of hosts and identities that are none of its own", () => {
  expect(groupsOf({ hosts: ["north.quayside.example", "ghcr.io"] })).toMatchObject([
    { hosts: ["north.quayside.example"], grant: { provider: "Quayside", account: "pull-team-a" } },
    { hosts: ["ghcr.io"], grant: { reason: "InvalidHost", message: '"ghcr.io" is none: write QUAY.quayside.example' } },
  ]);
  expect(groupsOf({ identity: {} })).toMatchObject([
    { grant: { reason: "IdentityUnsupported", message: "Quayside knows no operators: write identity.from: Secret" } },
  ]);
  expect(groupsOf({ registry: "north.quayside.example", hosts: ["docker.acme.example"] })).toMatchObject([
    { hosts: ["docker.acme.example"], grant: { account: "pull-team-a" } },
  ]);
});

it("its authority has its budget, and is refused by itself", () => {
  expect(budgetsOf(list)).toEqual({ ...budgets, Quayside: { concurrency: 2, perSecond: 3, burst: 5 } });
  const grant = grantOf();
  expect(authorityOf(grant, list)).toEqual({ kind: "Quayside", name: "pull-team-a", counters: ["pull-team-a"] });
  expect(circuitKey(grant, "regcred-system", () => undefined, list)).toContain('"account":"pull-team-a"');
});

it("its hosts may be spoken to, its registries among them", () => {
  for (const host of ["token.quayside.example", "north.quayside.example"]) {
    expect([allowedHosts([], list)(host, 443), allowedHosts([])(host, 443)]).toEqual([true, false]);
  }
  expect(allowedHosts([], list)("1.quayside.example", 443)).toBe(false);
});

it("the doctor counts it among the clouds", () => {
  expect([isCloud(list, "Quayside"), isCloud(providers, "Quayside")]).toEqual([true, false]);
});

/** Who mints, beside all others; `allowed` says whom one may speak to. */
function minting(allowed: (host: string, port: number) => boolean, among: ProviderList = list) {
  const calls: HttpCall[] = [];
  const counted: object[] = [];
  const nobody = (): never => {
    throw new TypeError("nobody else is asked");
  };
  const options: AllProvidersOptions = {
    clock: fakeClock(Temporal.Instant.from("2026-06-01T00:00:00Z")),
    random: () => 0.5,
    identities: identitiesFrom((name) => (name === "keys" ? { key: "hunter2\n" } : undefined)),
    http: nobody,
    cloudHttp: async (call) => {
      const { host } = new URL(call.url);
      if (!allowed(host, 443)) throw endpointNotAllowed(host);
      calls.push(call);
      return { status: 200, headers: {}, text: '{"token":"afloat","expires_in":3600}' };
    },
    metadataHttp: nobody,
    environment: {},
    endpoints: {},
    secret: () => undefined,
    operatorNamespace: "regcred-system",
    sourceNamespaces: [],
    retryWithin: () => undefined,
    insists: () => false,
    expiresAt: () => undefined,
    admittance: { begin: () => undefined, ended: () => undefined },
    instruments: { count: (name, labels) => void counted.push({ name, ...labels }), observe: () => undefined },
  };
  return { provider: allProviders(options, among), calls, counted };
}

it("its token is fetched by its own fetch.ts, over the guarded egress, and counted as its own", async () => {
  const { provider, calls, counted } = minting(allowedHosts([], list));
  const token = await provider.fetch(grantOf(), never);
  expect(loginIn(token)).toEqual(["pull-team-a", "afloat"]);
  expect(token.expiresAt).toEqual(Temporal.Instant.from("2026-06-01T01:00:00Z"));
  expect(calls).toMatchObject([{ method: "POST", body: "account=pull-team-a&key=hunter2" }]);
  expect(counted).toEqual([
    { name: "regcred_cloud_requests_total", provider: "Quayside", code: "200" },
    { name: "regcred_token_refreshes_total", provider: "Quayside", result: "success", reason: "" },
  ]);
});

it("is not asked where the list does not have it", async () => {
  const { provider, calls } = minting(allowedHosts([]));
  expect(await failureIn(provider.fetch(grantOf(), never))).toMatchObject({ reason: "EndpointNotAllowed" });
  expect(calls).toEqual([]);
});

it("its calls are counted under another name, where it has one", async () => {
  const other = { ...quayside, kinds: { Quayside: { ...quayside.kinds.Quayside, countedAs: "Pier" } } };
  const { provider, counted } = minting(allowedHosts([], list), [...providers, other]);
  await provider.fetch(grantOf(), never);
  expect(counted).toMatchObject([
    { name: "regcred_cloud_requests_total", provider: "Pier" },
    { name: "regcred_token_refreshes_total", provider: "Quayside" },
  ]);
});

it("is loaded once, and again where that failed", async () => {
  let loads = 0;
  const load = async () => {
    loads += 1;
    if (loads === 1) throw new TypeError("not now");
    return quayside.load();
  };
  const { provider } = minting(allowedHosts([], list), [...providers, { ...quayside, load }]);
  await expect(provider.fetch(grantOf(), never)).rejects.toThrow("not now");
  for (const _ of [1, 2]) expect(loginIn(await provider.fetch(grantOf(), never))[1]).toBe("afloat");
  expect(loads).toBe(2);
});

it("a second of one name is no provider", () => {
  const again = { ...quayside, kinds: { ECR: quayside.kinds.Quayside } };
  expect(() => isCloud([...providers, again], "ECR")).toThrow("two providers are called ECR");
  expect(() => budgetsOf([...list, quayside])).toThrow("two providers have an authority of one name");
});

it("a definition that forgets a part does not compile", () => {
  const { Quayside: kind } = quayside.kinds;
  const { hosts: _hosts, ...withoutHosts } = kind;
  const { registries: _registries, ...withoutRegistries } = kind;
  const { authority: _authority, ...withoutAuthority } = kind;
  const { settings: _settings, ...withoutSettings } = quayside;
  const { missing: _missing, ...withoutMissing } = quayside;
  const { identities: _identities, ...withoutIdentities } = quayside;
  const { annotations: _annotations, ...withoutAnnotations } = quayside;
  const { load: _load, ...withoutLoad } = quayside;
  expect([
    // @ts-expect-error -- the hosts of the vendor
    defineProvider({ ...quayside, kinds: { Quayside: withoutHosts } }),
    // @ts-expect-error -- the names of the registries, if only as undefined
    defineProvider({ ...quayside, kinds: { Quayside: withoutRegistries } }),
    // @ts-expect-error -- whom one asks
    defineProvider({ ...quayside, kinds: { Quayside: withoutAuthority } }),
    // @ts-expect-error -- a budget for each authority
    defineProvider({ ...quayside, budgets: {} }),
    // @ts-expect-error -- the settings
    defineProvider(withoutSettings),
    // @ts-expect-error -- what is told where a needed block is missing
    defineProvider(withoutMissing),
    // @ts-expect-error -- who may ask
    defineProvider(withoutIdentities),
    // @ts-expect-error -- the annotations of ServiceAccounts
    defineProvider(withoutAnnotations),
    // @ts-expect-error -- its fetch.ts
    defineProvider(withoutLoad),
    // @ts-expect-error -- a fetch.ts that mints for each kind
    { ...quayside, load: async () => ({ fetchers: {} }) } satisfies Loads<typeof quayside>,
    quayside satisfies Loads<typeof quayside>,
  ]).toHaveLength(11);
});
