// Tests that src/api/rule-problems.ts, which judges files of nodes, says of made-up entries what the API server says by the same rules.
import fc from "fast-check";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { celExpression } from "../../src/api/cel.ts";
import { ruleProblems } from "../../src/api/rule-problems.ts";
import type { Rule } from "../../src/api/rules.ts";
import { specSchema } from "../../src/api/spec-schema.ts";
import { credentialsPath, type TestEnv, testEnv } from "./test-env.ts";

interface Node {
  readonly type?: "string" | "integer" | "boolean" | "array" | "object" | undefined;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

const seed = 20_261_130;
const count = 1_000;
const atOnce = 12;

const prefix = "spec.registries";
const entries = specSchema.shape.registries;
const root = z.toJSONSchema(entries, { target: "openapi-3.0", io: "input" }) as Node;

/** What some rule lets pass. */
const whole = [
  ["ghcr.io", "docker.io", "registry.example.com:5000", "*", "*.dkr.ecr.eu-west-1.amazonaws.com", "quay.io/team"],
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws", "acme.azurecr.io", "gcr.io", "icr.io"],
  ["europe-docker.pkg.dev", "fra.ocir.io", "https://auth.example.com/token", "registry.example.com/team/app:1"],
  ["arn:aws:iam::123456789012:role/pull", "regcred", "hub", "puller@acme.iam.gserviceaccount.com", "token.path"],
  ["hub-$(namespace.name)", "$(namespace.labels['acme.io/tenant'])", "username", "X-Token", "team-*", "eu-west-1"],
].flat();
/** What makes another rule refuse it, and where two regular expressions might differ. */
const parts = [
  ["$", "$(", "$(namespace.uid)", "$(namespace.labels['a..b/'])", "://", "HTTPS://", "http://", "/", "//", "..", "-"],
  [":0", ":65535", ":65536", ":99999/x", "/v1", "/v2/", "index.docker.io", "INDEX.doc\u212Aer.io", "[::1]", "@", "#"],
  [
    " ",
    "\n",
    "\r",
    "\t",
    "\v",
    "\u00A0",
    "\u2028",
    "\u{1F600}",
    "é",
    "_",
    "A",
    "?",
    "*.",
    "Cookie",
    "Hoſt",
    "regcred.dev/x",
  ],
].flat();

const text = (node: Node): fc.Arbitrary<string> => {
  const { maxLength = 253, "x-kubernetes-validations": own = [] } = node;
  // The API server judges these, too.
  const passing = whole.filter((each) => own.every(({ rule }) => celExpression(rule)({ self: each }) === true));
  const piece = fc.constantFrom(...whole, ...parts);
  const made = fc
    .array(piece, { minLength: 1, maxLength: 3 })
    .map((pieces) => Array.from(pieces.join("")).slice(0, maxLength).join(""));
  return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...passing) }, made);
};

/** Of settings of all providers together only the rules about that would be seen. */
const seldom = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, value);

const withoutUndefined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));

function valueOf(node: Node): fc.Arbitrary<unknown> {
  if (node.enum) return fc.constantFrom(...node.enum);
  switch (node.type) {
    case "string":
      return node.pattern === undefined ? text(node) : fc.constantFrom("team-a", "acme.io/tenant", "x");
    case "integer":
      return fc.integer({ min: node.minimum ?? 0, max: Math.min(node.maximum ?? 1_000, 1_000) });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.uniqueArray(valueOf(node.items ?? {}), {
        minLength: node.minItems ?? 0,
        maxLength: 3,
        selector: (value) => JSON.stringify(value),
      });
    case "object":
    case undefined: {
      if (node.additionalProperties)
        return fc.dictionary(text({ maxLength: 63 }), valueOf(node.additionalProperties), { maxKeys: 2 });
      const { required = [] } = node;
      const properties = Object.entries(node.properties ?? {}).map(([name, property]) => {
        const value = valueOf(property);
        const isSettings = property.type === "object" && !required.includes(name);
        return [name, isSettings ? seldom(value) : value] as const;
      });
      return fc.record(Object.fromEntries(properties), { requiredKeys: [...required] }).map(withoutUndefined);
    }
  }
}

/** Names tell the items of the list apart, and twice the same one is refused before any rule is asked. */
function named(registries: readonly object[]): readonly object[] {
  return registries.map((entry, index) => ({ ...entry, name: `e-${index}` }));
}

const messagesIn = (node: Node): readonly string[] => [
  ...(node["x-kubernetes-validations"] ?? []).map(({ message }) => message),
  ...[node.items, node.additionalProperties, ...Object.values(node.properties ?? {})].flatMap((each) =>
    each === undefined ? [] : messagesIn(each),
  ),
];

// The longest first: some end like others.
const messages = [...new Set(messagesIn(root))].toSorted((one, other) => other.length - one.length);

/** As `byServer` gives them. */
function oursOf(list: z.infer<typeof entries>): readonly string[] {
  return ruleProblems(entries, list, prefix)
    .map((problem) => problem.replace(/ (it is there twice|another one has the same .*): .*$/, " twice"))
    .toSorted();
}

interface Refusal {
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

describe("the rules of entries", { timeout: 5 * 60_000 }, () => {
  let world: TestEnv;
  let agent: Agent;
  beforeAll(async () => {
    world = await testEnv();
    agent = new Agent({ connect: { ca: world.cluster.ca } });
  });
  afterAll(async () => {
    await agent.close();
    await world.close();
  });

  /** Of entries; each begins with the field's path. */
  const byServer = async (registries: readonly object[]): Promise<readonly string[]> => {
    const answer = await request(`${world.cluster.server}${credentialsPath}?dryRun=All`, {
      method: "POST",
      dispatcher: agent,
      headers: { authorization: `Bearer ${world.cluster.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { name: "made-up" },
        spec: { namespaces: { include: ["*"] }, registries },
      }),
    });
    const { details } = (await answer.body.json()) as Refusal;
    if (answer.statusCode !== 201 && answer.statusCode !== 422) throw new Error(`answered ${answer.statusCode}`);
    return (details?.causes ?? [])
      .filter(({ field }) => field.startsWith(prefix))
      .map(({ field, message }) => `${field}: ${messages.find((known) => message.endsWith(known)) ?? message}`)
      .map((problem) => problem.replace(/ Duplicate value: .*$/s, " twice"))
      .toSorted();
  };

  it("are judged alike, each of them broken somewhere, and somewhere none", async () => {
    const lists = fc.sample(valueOf(root) as fc.Arbitrary<readonly object[]>, { seed, numRuns: count }).map(named);
    const shaped = lists.flatMap((written) => {
      const { success, data } = entries.safeParse(written);
      return success ? [{ written, ours: oursOf(data) }] : [];
    });
    const differing: object[] = [];
    const queue = shaped.values();
    const judge = async (): Promise<void> => {
      for (const { written, ours } of queue) {
        const theirs = await byServer(written);
        if (theirs.join("\n") !== ours.join("\n")) differing.push({ written, ours, theirs });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, judge));
    expect(differing).toEqual([]);
    const broken = new Set(shaped.flatMap(({ ours }) => ours.map((problem) => problem.replace(/^[^:]*: /, ""))));
    expect([...messages, "twice"].filter((message) => !broken.has(message))).toEqual([]);
    expect(shaped.filter(({ ours }) => ours.length === 0).length).toBeGreaterThan(0);
  });
});
