// Tests of parsing a RegistryCredential from the API server into what the rest of the program relies on.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import { parseRegistryCredential } from "../../src/api/parse-registry-credential.ts";
import { full, fullStatus, minimal, stored } from "./registry-credential.ts";

function credentialOf(raw: unknown): RegistryCredential {
  const parsed = parseRegistryCredential(raw);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.credential;
}

function problemsOf(raw: unknown): readonly string[] {
  const parsed = parseRegistryCredential(raw);
  return parsed.ok ? [] : parsed.problems;
}

const withEntry = (entry: object) => stored({ ...minimal, spec: { ...minimal.spec, registries: [entry] } });

describe("parsing a RegistryCredential", () => {
  it("fills in every default", () => {
    expect(credentialOf(stored(minimal)).spec).toEqual({
      registries: [
        {
          name: "hub",
          provider: "Static",
          hosts: ["docker.io"],
          identity: { from: "Operator" },
          static: { secretName: "docker-hub", usernameKey: "username", passwordKey: "password" },
        },
      ],
      namespaces: { include: ["team-*"] },
      references: "ServiceAccounts",
      serviceAccounts: { include: ["*"] },
      pullSecret: { name: "regcred", onConflict: "Fail" },
      podRecovery: "None",
      deletionPolicy: "Delete",
      suspend: false,
    });
  });

  it("fills in defaults inside a block that is given in part", () => {
    const spec = { ...minimal.spec, pullSecret: { onConflict: "Adopt" }, serviceAccounts: { exclude: ["builder"] } };
    expect(credentialOf(stored({ ...minimal, spec })).spec).toMatchObject({
      pullSecret: { name: "regcred", onConflict: "Adopt" },
      serviceAccounts: { include: ["*"], exclude: ["builder"] },
    });
  });

  it("keeps all that is written", () => {
    const { registries, ...rest } = credentialOf(stored(full)).spec;
    expect(rest).toEqual(Object.fromEntries(Object.entries(full.spec).filter(([name]) => name !== "registries")));
    expect(registries).toMatchObject(full.spec.registries);
  });

  it("leaves its input as it was", () => {
    const raw = stored(minimal);
    const before = structuredClone(raw);
    parseRegistryCredential(raw);
    expect(raw).toEqual(before);
  });

  it("gives an entry empty settings where its provider needs none", () => {
    const entry = { name: "private", provider: "ECR", hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"] };
    expect(credentialOf(withEntry(entry)).spec.registries).toEqual([
      { ...entry, identity: { from: "Operator" }, ecr: {} },
    ]);
  });

  it("drops settings of another provider", () => {
    const entry = { name: "o", provider: "OCIR", hosts: ["iad.ocir.io"], static: { secretName: "x" } };
    expect(credentialOf(withEntry(entry)).spec.registries[0]).not.toHaveProperty("static");
  });

  it("reads the times and the deletion of the object", () => {
    const raw = stored(minimal);
    const metadata = { ...raw.metadata, deletionTimestamp: "2026-11-23T10:00:00Z", finalizers: ["regcred.dev/drain"] };
    const credential = credentialOf({ ...raw, metadata });
    expect(credential.creationTimestamp.equals("2026-11-23T09:00:00Z")).toBe(true);
    expect(credential.deletionTimestamp?.equals("2026-11-23T10:00:00Z")).toBe(true);
    expect(credential).toMatchObject({
      name: "minimal",
      generation: 1,
      finalizers: ["regcred.dev/drain"],
      annotations: {},
    });
  });

  it("reads the status, and takes for absent what is broken of it or of a later release, and nothing else", () => {
    expect(credentialOf({ ...stored(minimal), status: fullStatus }).status).toEqual(fullStatus);
    const { registries: _broken, ...others } = fullStatus;
    const later = { ...fullStatus, registries: [{ name: "a", state: "Unheard" }], unheardOf: 1 };
    expect(credentialOf({ ...stored(minimal), status: later }).status).toEqual({ ...others, registries: [] });
    expect(credentialOf({ ...stored(minimal), status: { namespaces: "many" } }).status).toEqual({});
    for (const none of [undefined, null, "well"])
      expect(credentialOf({ ...stored(minimal), status: none })).not.toHaveProperty("status");
  });

  it.each([
    ["nothing", undefined, ["object: "]],
    ["a text", "RegistryCredential", ["object: "]],
    ["no spec", { metadata: stored(minimal).metadata }, ["spec: "]],
    [
      "a wrong time",
      { ...minimal, metadata: { ...stored(minimal).metadata, creationTimestamp: "now" } },
      ["metadata.creationTimestamp: "],
    ],
    [
      "an unknown provider",
      withEntry({ name: "a", provider: "Harbour", hosts: ["a.example"] }),
      ["spec.registries[0].provider: "],
    ],
    ["an empty list", withEntry({ name: "a", provider: "OCIR", hosts: [] }), ["spec.registries[0].hosts: "]],
    [
      "no settings for Static",
      withEntry({ name: "a", provider: "Static", hosts: ["a.example"] }),
      ["spec.registries[0].static: "],
    ],
    [
      "no settings for TokenExchange",
      withEntry({ name: "a", provider: "TokenExchange", hosts: ["a.example"] }),
      ["spec.registries[0].tokenExchange: "],
    ],
    [
      "an identity without name",
      withEntry({ name: "a", provider: "OCIR", hosts: ["iad.ocir.io"], identity: { from: "Secret" } }),
      ["spec.registries[0].identity.name: "],
    ],
    [
      "a label key that is none",
      stored({ ...minimal, spec: { ...minimal.spec, pullSecret: { labels: { "not a key": "x" } } } }),
      ["spec.pullSecret.labels.not a key: "],
    ],
    [
      "a label key whose name is too long",
      stored({ ...minimal, spec: { ...minimal.spec, pullSecret: { labels: { [`a.io/${"n".repeat(64)}`]: "x" } } } }),
      [`spec.pullSecret.labels.a.io/${"n".repeat(64)}: `],
    ],
    [
      "an annotation whose key's prefix is too long",
      stored({ ...minimal, spec: { ...minimal.spec, pullSecret: { annotations: { [`${"p".repeat(254)}/n`]: "x" } } } }),
      [`spec.pullSecret.annotations.${"p".repeat(254)}/n: `],
    ],
  ])("names the field of %s", (_, raw, starts) => {
    const problems = problemsOf(raw);
    expect(problems).toHaveLength(starts.length);
    starts.forEach((start, index) => expect(problems[index]?.slice(0, start.length)).toBe(start));
  });
});
