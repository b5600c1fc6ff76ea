// Tests that the real API server accepts the CRD and the samples, and refuses each mistake with what to write instead.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { credentialSchema, customResourceDefinition } from "../../src/api/crd.ts";
import type { Schema } from "../../src/api/crd.ts";
import { providers } from "../../src/providers/index.ts";
import { kindsOf } from "../../src/providers/kinds.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { crdLimit, estimatedCosts, ruleLimit, ruleNodes } from "../api/estimated-costs.ts";
import { full, fullStatus, minimal, stored } from "../api/registry-credential.ts";
import type { ControlPlane } from "../cluster/control-plane.ts";
import { startControlPlane } from "../cluster/control-plane.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { variantOf } from "../cluster/variant.ts";

const root = join(import.meta.dirname, "../..");
const samples = join(root, "config/samples");
const read = (file: string): unknown => parse(readFileSync(file, "utf8"));

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
const strict = "fieldValidation=Strict";

interface Cause {
  readonly field: string;
  readonly message: string;
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly details?: { readonly causes?: readonly Cause[] };
    readonly [field: string]: unknown;
  };
}

let cluster: ControlPlane;
let agent: Agent;

async function send(
  method: "GET" | "POST" | "PUT",
  path: string,
  body?: unknown,
  accept = "application/json",
): Promise<Answer> {
  const answer = await request(`${cluster.server}${path}`, {
    method,
    dispatcher: agent,
    headers: { accept, authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.body.text();
  // A path that is not served yet is answered in plain text.
  const parsed = text.startsWith("{") ? (JSON.parse(text) as Answer["body"]) : { message: text };
  return { status: answer.statusCode, body: parsed };
}

interface Condition {
  readonly type: string;
  readonly status: string;
}

async function conditionsOfTheKind(): Promise<readonly Condition[]> {
  const { body } = await send("GET", `${crds}/registrycredentials.regcred.dev`);
  return (body["status"] as { conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
}

const dryRun = (object: unknown): Promise<Answer> => send("POST", `${credentials}?dryRun=All&${strict}`, object);

beforeAll(async () => {
  cluster = await startControlPlane();
  agent = new Agent({ connect: { ca: cluster.ca } });
  const answer = await send("POST", `${crds}?${strict}`, read(join(root, "crds/regcred.dev_registrycredentials.yaml")));
  if (answer.status !== 201) throw new Error(`the API server refuses the CRD: ${answer.body.message}`);
  const limit = Temporal.Duration.from({ seconds: 30 });
  await pollUntil(async () => (await send("GET", credentials)).status === 200, {
    what: "the kind to be served",
    limit,
  });
  // It is served by what the API server has heard of it, which may be sooner than its status can be read.
  await pollUntil(
    async () => (await conditionsOfTheKind()).some(({ type, status }) => type === "Established" && status === "True"),
    { what: "the kind to be told as established", limit },
  );
});

afterAll(async () => {
  await agent?.close();
  await cluster?.stop();
});

describe("the CRD on the API server", () => {
  it("is established, with no complaint about its schema", async () => {
    const conditions = await conditionsOfTheKind();
    expect(conditions).toContainEqual(expect.objectContaining({ type: "Established", status: "True" }));
    expect(conditions).toContainEqual(expect.objectContaining({ type: "NamesAccepted", status: "True" }));
    expect(conditions.filter(({ type }) => type === "NonStructuralSchema")).toEqual([]);
  });

  it.each([minimal, full])("fills in the same defaults as the parser: $metadata.name", async (object) => {
    const { status, body } = await dryRun(object);
    expect({ status, message: body.message }).toEqual({ status: 201, message: undefined });
    // A dry run stores nothing, so its answer has no resourceVersion.
    const answered = stored({ ...body, metadata: object.metadata });
    const there = parseRegistryCredential(answered);
    expect(there).toMatchObject({ ok: true });
    expect(parseRegistryCredential({ ...answered, spec: object.spec })).toEqual(there);
    expect(there).toHaveProperty("credential.spec.pullSecret", (body["spec"] as typeof full.spec).pullSecret);
  });

  it("refuses an unknown field", async () => {
    const { status, body } = await dryRun({ ...minimal, spec: { ...minimal.spec, pullSecrets: {} } });
    expect(status).toBe(400);
    expect(body.message).toContain('unknown field "spec.pullSecrets"');
  });

  it("keeps a whole status, and shows it in the columns of kubectl get", async () => {
    const created = await send("POST", `${credentials}?${strict}`, { ...minimal, metadata: { name: "shown" } });
    const updated = await send("PUT", `${credentials}/shown/status?${strict}`, { ...created.body, status: fullStatus });
    expect(updated).toMatchObject({ status: 200, body: { status: fullStatus } });

    const { body } = await send(
      "GET",
      `${credentials}/shown`,
      undefined,
      "application/json;as=Table;v=v1;g=meta.k8s.io",
    );
    const table = body as unknown as {
      columnDefinitions: readonly { name: string }[];
      rows: readonly { cells: readonly unknown[] }[];
    };
    expect(table.columnDefinitions.map(({ name }) => name.toUpperCase())).toEqual([
      "NAME",
      "READY",
      "NAMESPACES",
      "EXPIRES",
      "REASON",
      "AGE",
    ]);
    expect(table.rows[0]?.cells.slice(0, 5)).toEqual([
      "shown",
      "False",
      "299/300",
      "2026-11-23T15:00:00Z",
      "SourceMissing",
    ]);
  });
});

describe("config/samples on the API server", () => {
  const files = readdirSync(samples).filter((file) => file !== "kustomization.yaml");

  it.each(files.filter((file) => file !== "illegal.yaml"))("%s is accepted", async (file) => {
    const { status, body } = await dryRun(read(join(samples, file)));
    expect({ status, message: body.message }).toEqual({ status: 201, message: undefined });
  });

  it("illegal.yaml is refused, with what to write for each of its mistakes", async () => {
    const { status, body } = await dryRun(read(join(samples, "illegal.yaml")));
    expect(status).toBe(422);
    for (const advice of [
      "write static.secretName",
      "remove https://",
      "write docker.io for Docker Hub",
      "remove static, or write provider: Static",
      "write the hosts one by one",
      "may follow a literal prefix",
      "write namespaces.include or namespaces.selector",
      "write a name or a glob",
      "are set by the operator",
    ]) {
      expect(body.message).toContain(advice);
    }
  });
});

type Path = readonly (string | number)[];

/** A copy of the value with the field at the path set, or removed where `value` is undefined. */
function changed(whole: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const child = (whole as Record<string, unknown> | undefined)?.[step];
  const next = changed(child, rest, value);
  if (Array.isArray(whole)) return whole.with(step as number, next);
  const { [step]: _, ...others } = (whole ?? {}) as Record<string, unknown>;
  return next === undefined ? others : { ...others, [step]: next };
}

const steps = (path: string): Path =>
  [...path.matchAll(/\[(\d+)\]|\["([^"]+)"\]|([^.[\]]+)/g)].map(([, index, key, name]) =>
    index === undefined ? (key ?? name ?? "") : Number(index),
  );

// Where the entries of `full` stand.
const [ecr, acr, google, ocir, icr, fixed, exchange] = [0, 1, 2, 3, 4, 5, 6].map(
  (index) => `spec.registries[${index}]`,
);
const exchanged = `${exchange}.tokenExchange`;
const name = "write a Kubernetes object name";
const label = "write a DNS label";
const placeholder = "write a placeholder as $(namespace.name)";
const tokenServer = "write the host of the token server";
const longName = "n".repeat(64);
const longPrefix = "p".repeat(254);
const literal = "remove the placeholder";
const reserved = "regcred.dev/... and app.kubernetes.io/managed-by are set by the operator";

/** A field of `full`, what an author may write there by mistake, what the API server answers. */
/** Releases word it differently. */
const tooLong = (max: number): string =>
  variantOf(process.env).name === "oldest" ? `may not be longer than ${max}` : `may not be more than ${max}`;

/** An entry of each cloud with a host, and with a registry, that is none of its own. */
function cloudMistakes(): readonly (readonly [path: string, value: unknown, advice: string])[] {
  return [...kindsOf(providers)].flatMap(([provider, { registries }]) => {
    if (!registries) return [];
    const entry = { name: "own", provider, hosts: ["docker.acme.example/team"] };
    return [
      [`${ocir}`, entry, `write hosts of ${provider}: ${registries.forms[0] ?? ""}`],
      [`${ocir}`, { ...entry, registry: "ghcr.io" }, `write the host of the ${provider} registry itself in registry`],
    ] as const;
  });
}

const mistakes: readonly (readonly [path: string, value: unknown, advice: string])[] = [
  ["metadata.name", "a".repeat(64), "write a metadata.name of at most 63 characters"],

  // registries
  [`${ecr}.name`, "Private", label],
  [`${ecr}.hosts[0]`, "https://ghcr.io", "remove https://"],
  [`${ecr}.hosts[0]`, "ghcr.io/", "remove the slash at the end"],
  [`${ecr}.hosts[0]`, "index.docker.io", "write docker.io for Docker Hub"],
  [`${ecr}.hosts[0]`, "https://index.docker.io/v1/", "write docker.io for Docker Hub"],
  [`${ecr}.hosts[0]`, "Index.Docker.IO/acme", "write docker.io for Docker Hub"],
  [`${fixed}.hosts[0]`, "*.dkr.ecr.eu-west-1.amazonaws.com", "write the hosts one by one: only provider ECR"],
  // A kubelet would send the token to whoever answers under that domain.
  [
    `${ocir}`,
    {
      name: "own",
      provider: "ECR",
      hosts: ["*.corp.example"],
      registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    },
    "write the hosts one by one: only provider ECR",
  ],
  [`${fixed}.hosts[0]`, "quay.*", "write a literal host"],
  [`${fixed}.registry`, "ghcr.io", "remove registry, or write provider: ECR or ECRPublic or ACR"],
  ...cloudMistakes(),
  [`${ecr}.hosts[0]`, "$(namespace.name).example.com", "write a literal host"],
  [`${ecr}.hosts[0]`, "ghcr.io:port", "write a literal host"],
  [`${ecr}.hosts[0]`, "ghcr.io:0", "write a port from 1 to 65535"],
  [`${ecr}.hosts[0]`, "ghcr.io:65536/acme", "write a port from 1 to 65535"],
  [`${ecr}.hosts[0]`, "[2001:db8::1]:99999", "write a port from 1 to 65535"],
  [`${ecr}.hosts[0]`, "ghcr.io/v2/acme", "remove /v1 or /v2 after the host"],
  [`${ecr}.hosts[0]`, "ghcr..io", "write a literal host"],
  [`${ecr}.hosts[0]`, "ghcr.io/..", "write a literal host"],
  [`${ecr}.hosts[0]`, "ghcr.io/./acme", "write a literal host"],
  [`${ecr}.hosts[0]`, "ghcr.io//acme", "write a literal host"],
  [`${ecr}.hosts[0]`, "%67hcr.io", "write a literal host"],
  [`${ecr}.hosts[0]`, "doc\u212Aer.io", "write a literal host"],
  [`${ecr}.hosts[0]`, "\uFF44ocker.io", "write a literal host"],
  [`${ecr}.hosts[0]`, "docker\u3002io", "write a literal host"],
  [`${ecr}.hosts`, ["*"], "write the hosts one by one"],
  [`${fixed}.hosts`, ["*", "ghcr.io"], "write the hosts one by one"],
  [`${fixed}.hosts`, ["quay.io"], "write each host in one entry only"],
  [`${fixed}.hosts`, ["ghcr.io", "ghcr.io"], "Duplicate value"],
  [`${fixed}.name`, "ecr", "Duplicate value"],
  [`${ecr}.identity.name`, undefined, "write identity.name"],
  [`${ecr}.identity.from`, "Operator", "remove identity.name"],
  [`${ecr}.identity.name`, "aws_keys", name],
  [`${ecr}.caSecretName`, "$(namespace.name)-ca", name],
  [`${ecr}.verify.image`, "ghcr.io/app:1", "write a verify.image that begins with one of this entry's hosts"],
  [`${ecr}.verify.image`, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", "write a full image reference"],
  [`${ecr}.verify.image`, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/$(namespace.uid):1", placeholder],

  // the blocks belong to their providers
  [`${ocir}.ecr`, {}, "remove ecr, or write provider: ECR or ECRPublic"],
  [`${ocir}.acr`, {}, "remove acr, or write provider: ACR"],
  [`${ocir}.google`, {}, "remove google, or write provider: GCR or GAR"],
  [`${icr}.ocir`, {}, "remove ocir, or write provider: OCIR"],
  [`${ocir}.icr`, {}, "remove icr, or write provider: ICR"],
  [`${ocir}.static`, { secretName: "a" }, "remove static, or write provider: Static"],
  [
    `${ocir}.tokenExchange`,
    { url: "https://a.example", username: "a" },
    "remove tokenExchange, or write provider: TokenExchange",
  ],
  [`${fixed}.static`, undefined, "write static.secretName"],
  [exchanged, undefined, "write tokenExchange.url"],
  [`${fixed}.identity`, { from: "Secret", name: "a" }, "remove identity: provider Static has none"],

  // the blocks
  [`${ecr}.ecr.roleARN`, "pull", "write the ARN of an IAM role"],
  [`${ecr}.ecr.roleARN`, "arn:aws:iam::1:role/$(namespace.label['a'])", placeholder],
  [`${ecr}.ecr.externalID`, "$(namespace.labels[a])", placeholder],
  [`${acr}.acr.tenantID`, "$(namespace)", placeholder],
  [`${acr}.acr.clientID`, "$(namespace.labels['a b'])", placeholder],
  [`${acr}.acr.audience`, "https://$(namespace.name)", literal],
  [`${acr}.acr.repositories[0]`, "$namespace", placeholder],
  [`${google}.google.impersonate`, "$(namespace.name", placeholder],
  [`${google}.google.workloadIdentityProvider`, "projects/$(namespace.name)", literal],
  [`${google}.google.scopes[0]`, "$(namespace.name)", literal],
  [`${icr}.icr.trustedProfileID`, "${namespace.name}", placeholder],
  [`${fixed}.static.secretName`, "$(namespace.name)", "may follow a literal prefix"],
  [`${fixed}.static.secretName`, "Docker", "write a Secret name"],
  [`${fixed}.static.secretName`, "pull", "write another pullSecret.name"],
  [`${ecr}.identity.name`, "pull", "write another pullSecret.name"],
  [`${fixed}.static.secretNamespace`, "team-*", label],
  [`${fixed}.static.usernameKey`, "user name", "write a key of the Secret"],
  [`${fixed}.static.passwordKey`, "a/b", "write a key of the Secret"],
  [`${exchanged}.url`, "http://quay.io/token", "write an https:// URL"],
  [`${exchanged}.url`, "https://user@quay.io/token", "write an https:// URL"],
  [`${exchanged}.url`, "https://quay.io:65536/token", "write an https:// URL"],
  [`${exchanged}.url`, "https://quay.io:0/token", "write an https:// URL"],
  [`${exchanged}.audience`, "$(namespace.name)", literal],
  [`${exchanged}.auth.username`, "$(namespace.name)", literal],
  [`${exchanged}.headers[0].name`, "Authorization", "write the name of another header"],
  [`${exchanged}.headers[0].value`, "$(namespace.name)", literal],
  [`${exchanged}.body.fields[0].name`, "$(namespace.name)", literal],
  [`${exchanged}.body.fields[0].value`, "$(namespace.name)", literal],
  [`${exchanged}.body.fields[0].valueFrom`, "Token", "write either value or valueFrom"],
  [`${exchanged}.response.tokenPath`, "$.token", "write field names joined by dots"],
  [`${exchanged}.response.expiryPath`, "a[0]", "write field names joined by dots"],
  [`${exchanged}.response.usernamePath`, "a..b", "write field names joined by dots"],
  [`${exchanged}.response.usernamePath`, "user", "write either username or response.usernamePath"],
  [`${exchanged}.username`, "$(namespace.name)", literal],

  // token servers
  [`${ecr}.tokenServers[0]`, "https://gitlab.corp.example", tokenServer],
  [`${ecr}.tokenServers[0]`, "gitlab.corp.example/jwt", tokenServer],
  [`${ecr}.tokenServers[0]`, "GitLab.corp.example", tokenServer],
  [`${ecr}.tokenServers[0]`, "*.corp.example", tokenServer],
  [`${ecr}.tokenServers[0]`, "me@gitlab.corp.example", tokenServer],
  [`${ecr}.tokenServers[0]`, "gitlab.corp.example:65536", tokenServer],
  [`${ecr}.tokenServers[0]`, "gitlab.corp.example:0", tokenServer],
  [`${ecr}.tokenServers[0]`, "$(namespace.name).corp.example", tokenServer],
  [`${ecr}.tokenServers[0]`, "", "should be at least 1 chars long"],
  [`${ecr}.tokenServers[0]`, "a".repeat(260), tooLong(259)],
  [`${ecr}.tokenServers`, [], "should have at least 1 items"],

  // namespaces and ServiceAccounts
  ["spec.namespaces", { exclude: ["a"] }, "write namespaces.include or namespaces.selector"],
  ["spec.namespaces.include[0]", "team-[ab]", "write a name or a glob"],
  ["spec.namespaces.exclude[0]", "{a,b}", "write a name or a glob"],
  ["spec.namespaces.selector", {}, "write matchLabels or matchExpressions"],
  ["spec.namespaces.selector.matchExpressions[0].key", "acme.io/", "write a label key"],
  ["spec.namespaces.selector.matchExpressions[0].key", `acme.io/${longName}`, "write a label key"],
  ["spec.namespaces.selector.matchExpressions[0].key", `${longPrefix}/a`, "write a label key"],
  ["spec.namespaces.selector.matchLabels", { [longName]: "a" }, "write label keys"],
  ["spec.namespaces.selector.matchLabels", { "not a key": "a" }, "write label keys"],
  ["spec.namespaces.selector.matchExpressions[0].values", undefined, "write values with operator In or NotIn"],
  ["spec.namespaces.selector.matchExpressions[0].operator", "Exists", "write values with operator In or NotIn"],
  ["spec.serviceAccounts.include[0]", "Default", "write a name or a glob"],
  ["spec.serviceAccounts.exclude[0]", "a/b", "write a name or a glob"],

  // the pull Secret
  ["spec.pullSecret.name", "pull-$(namespace.name)", name],
  ["spec.pullSecret.labels", { "app.kubernetes.io/managed-by": "me" }, reserved],
  ["spec.pullSecret.labels", { "regcred.dev/source": "true" }, reserved],
  ["spec.pullSecret.annotations", { "regcred.dev/entries": "[]" }, reserved],
  ["spec.pullSecret.labels", { [`acme.io/${longName}`]: "a" }, "write label keys"],
  ["spec.pullSecret.labels", { [`${longPrefix}/a`]: "a" }, "write label keys"],
  ["spec.pullSecret.labels", { "acme..io/a": "a" }, "write label keys"],
  ["spec.pullSecret.labels", { "": "a" }, "write label keys"],
  ["spec.pullSecret.annotations", { [`acme.io/${longName}`]: "a" }, "write annotation keys"],
  ["spec.pullSecret.annotations", { "acme.io/a/b": "a" }, "write annotation keys"],
  ["spec.pullSecret.annotations", { "acme.io/team": "$(namespace.name)" }, literal],
  ["spec.pullSecret.extraReferences[0]", "Own", name],
  ["spec.pullSecret.extraReferences", ["pull"], "remove pullSecret.name from extraReferences"],

  // bounds
  ["spec.registries", [], "should have at least 1 items"],
  [
    "spec.registries",
    Array.from({ length: 17 }, (_, index) => ({ name: `r${index}`, provider: "OCIR", hosts: [`r${index}.example`] })),
    "must have at most 16 items",
  ],
  [`${ecr}.hosts`, [], "should have at least 1 items"],
  [`${ecr}.hosts`, Array.from({ length: 17 }, (_, index) => `r${index}.example`), "must have at most 16 items"],
  [`${ecr}.hosts[0]`, "a".repeat(254), tooLong(253)],
  [`${ecr}.provider`, "Harbor", 'supported values: "ECR"'],
  ["spec.registries", undefined, "Required value"],
  ["spec.namespaces", undefined, "Required value"],
  ["spec.namespaces.exclude", [], "should have at least 1 items"],
  ["spec.namespaces.include", Array.from({ length: 65 }, (_, index) => `n${index}`), "must have at most 64 items"],
  ["spec.namespaces.selector.matchLabels", {}, "should have at least 1 properties"],
  ["spec.namespaces.selector.matchLabels", { a: "not a value" }, "should match"],
  [
    "spec.pullSecret.extraReferences",
    Array.from({ length: 9 }, (_, index) => `s${index}`),
    "must have at most 8 items",
  ],
  ["spec.pullSecret.onConflict", "Replace", 'supported values: "Fail", "Merge", "Adopt"'],
  ["spec.podRecovery", "Restart", 'supported values: "None", "Evict"'],
  ["spec.suspend", "yes", "must be of type boolean"],
];

// `spec.registries[3].hosts[0]` becomes `spec.registries[].hosts[]`, `annotations[acme.io/a]` becomes `annotations{}`; the
// API server calls the object itself `<nil>`.
const schemaPath = (field: string): string =>
  field
    .replace("<nil>", "")
    .replaceAll(/\[\d+\]/g, "[]")
    .replaceAll(/\[[^\]]+\]/g, "{}");

describe("a mistake in a RegistryCredential", () => {
  const reported = new Set<string>();

  const rows = mistakes.map(([path, value, advice]) => ({ path, value, advice }));

  it.each(rows)("is refused: $path: $advice", async ({ path, value, advice }) => {
    const { status, body } = await dryRun(changed(full, steps(path), value));
    expect({ status, message: body.message }).toEqual({ status: 422, message: expect.stringContaining(advice) });
    for (const cause of body.details?.causes ?? []) reported.add(`${schemaPath(cause.field)}: ${cause.message}`);
  });

  it("is in the table above for every rule of the CRD", () => {
    const unreported = ruleNodes(credentialSchema()).filter(
      ({ path, message }) => ![...reported].some((line) => line.startsWith(`${path}: `) && line.endsWith(message)),
    );
    expect(unreported.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
  });
});

describe("the CEL rules", () => {
  it("cost less than half of what the API server allows, each and together", async () => {
    const { rules, total } = await estimatedCosts(credentialSchema(), async (schema: Schema) => {
      const crd = customResourceDefinition("0.1.0");
      const versions = crd.spec.versions.map((served) => ({ ...served, schema: { openAPIV3Schema: schema } }));
      const body = { ...crd, metadata: { name: crd.metadata.name }, spec: { ...crd.spec, versions } };
      const path = `${crds}/registrycredentials.regcred.dev`;
      const { body: current } = await send("GET", path);
      const { resourceVersion } = current["metadata"] as { resourceVersion: string };
      const answer = await send("PUT", `${path}?dryRun=All`, {
        ...body,
        metadata: { ...body.metadata, resourceVersion },
      });
      return answer.body.details?.causes ?? [];
    });

    const lines = rules
      .toSorted((a, b) => b.cost - a.cost)
      .map(
        ({ path, cost, message }) =>
          `${Math.round(cost).toLocaleString("en").padStart(12)}  ${path || "object"}: ${message}`,
      );
    const percent = ((100 * total) / crdLimit).toFixed(1);
    process.stdout.write(
      `estimated cost of each rule, of ${ruleLimit.toLocaleString("en")} allowed:\n${lines.join("\n")}\n` +
        `${Math.round(total).toLocaleString("en").padStart(12)}  together, ${percent} % of what is allowed\n`,
    );

    expect(rules.filter(({ cost }) => cost === 0)).toEqual([]);
    expect(rules.filter(({ cost }) => cost > ruleLimit / 2)).toEqual([]);
    expect(total).toBeLessThan(crdLimit / 2);
    // The API server's own sum proves that no rule was misread.
    const sum = rules.reduce((before, { cost }) => before + cost, 0);
    expect(Math.abs(sum - total) / total).toBeLessThan(0.01);
  });
});
