// What leads a login or a call of a cloud where nobody has led it.
import type { Mutant } from "./mutant.ts";

const fault = (name: string, file: string, [from, to]: readonly [string, string], foundBy: string): Mutant => ({
  fault: "failures",
  name,
  edits: [{ file: `src/${file}`, from, to }],
  foundBy: { phase: "unit", path: `test/${foundBy}.test.ts` },
});

export const cloudMutants: readonly Mutant[] = [
  fault(
    "a spec's token endpoint may be where an administrator has led a cloud's calls",
    "providers/all-providers.ts",
    ["registries ? options.cloudHttp : options.http", "options.cloudHttp"],
    "operator/egress",
  ),
  fault(
    "an identity asks that its provider does not know",
    "providers/rendering.ts",
    ['  if (may !== true) return invalid("IdentityUnsupported", may);\n', ""],
    "providers/made-up",
  ),
  fault(
    "an entry lacks the settings that its provider needs",
    "api/parse-registry-credential.ts",
    ["if (missing && settings === undefined)", "if (settings === null)"],
    "providers/made-up",
  ),
  fault(
    "the hosts of a new provider may not be spoken to",
    "providers/http/allow-list.ts",
    ["const vendors = vendorsOf(providers);", "const vendors = vendorsOf(ownProviders);"],
    "providers/made-up",
  ),
  fault(
    "what could not be loaded once is never loaded again",
    "providers/all-providers.ts",
    ["making.catch(() => made.delete(name));", "making.catch(() => undefined);"],
    "providers/made-up",
  ),
  fault(
    "gcr.io is asked on while the identity is refused at Artifact Registry",
    "providers/google/index.ts",
    ['({ ...grant, provider: "GAR", scopes: [] })', "({ ...grant, scopes: [] })"],
    "providers/circuit-key",
  ),
  fault(
    "the operator does not go where its settings lead",
    "operator/egress.ts",
    ["      led: originsOf(endpoints),\n", ""],
    "operator/egress",
  ),
  fault(
    "a token goes over the internet in plain http",
    "providers/http/checked-lookup.ts",
    ["rules.plain?.(host) === true ? plainOverInternet(host, address) : undefined", "undefined"],
    "providers/http/guarded-http",
  ),
  fault(
    "every port of a host is where an administrator has led one call",
    "providers/http/guarded-http.ts",
    ["if (!context.led.has(url.origin)) {", "if (!hostsOf([...context.led]).has(host)) {"],
    "providers/http/guarded-http",
  ),
  fault(
    "an endpoint of one region is asked for the others' tokens",
    "providers/endpoints.ts",
    ["endpoint?.[of] ?? endpoint?.[others]", "endpoint?.[of] ?? Object.values(endpoint ?? {})[0]"],
    "providers/endpoints",
  ),
  fault(
    "registries of all clouds have the Entra that AKS has written into the pod",
    "config/endpoint-settings.ts",
    ["Object.values(endpoint).some((url) => publicAuthorities.has(url)) ? {} : endpoint", "endpoint"],
    "config/endpoint-settings",
  ),
  fault(
    "a login goes to a token server in plain http because its host was named",
    "registry/realm.ts",
    ['url.protocol === "https:" && tokenServers.some', "tokenServers.some"],
    "registry/realm",
  ),
  fault(
    "a login goes to every token server once one is named",
    "registry/realm.ts",
    ["tokenServers.some((server) => hostOf(server) === url.host)", "tokenServers.length > 0"],
    "registry/realm",
  ),
  fault(
    "a kept login is tried without the CA that its entry names",
    "grants/verification-target.ts",
    ["    ...(caSecretName === undefined ? {} : { caSecretName }),\n", ""],
    "grants/verification-target",
  ),
  fault(
    "of two waits the shorter one counts",
    "runtime/foreign-numbers.ts",
    [".at(-1);\n}\n\n// RFC 9110 section 5.6.1", ".at(0);\n}\n\n// RFC 9110 section 5.6.1"],
    "runtime/foreign-numbers",
  ),
  fault(
    "a label's key may have a name that the API server refuses",
    "api/placeholder-syntax.ts",
    ["[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`", "[-A-Za-z0-9_.]*[A-Za-z0-9])?`"],
    "api/parse-registry-credential",
  ),
  fault(
    "a certificate names its first host only",
    "runtime/tls/certificate-authority.ts",
    ["hosts.map(alternativeName)", "hosts.slice(0, 1).map(alternativeName)"],
    "runtime/tls/certificate-authority",
  ),
];
