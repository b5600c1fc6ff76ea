// Tests that an operator that finds an older schema grants nothing new, keeps what is there fresh, and goes on once it is upgraded.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { customResourceDefinition, type Schema } from "../../src/api/crd.ts";
import { crdName, releaseAnnotation } from "../../src/api/names.ts";
import {
  eventually,
  type LogLine,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`;
type Node = { -readonly [K in keyof Schema]: Schema[K] };

const rulesWithout = (entry: Schema, field: string): NonNullable<Schema["x-kubernetes-validations"]> =>
  (entry["x-kubernetes-validations"] ?? []).filter(({ rule }) => !rule.includes(`self.${field}`));

describe("an older CustomResourceDefinition", () => {
  let world: TestEnv;
  let running: RunningOperator;

  /** Installs the schema of a release, changed by hand. */
  const install = async (release: string, change: (entry: Node) => void): Promise<void> => {
    const { metadata, spec } = structuredClone(customResourceDefinition(release));
    const entry = spec.versions[0]?.schema.openAPIV3Schema.properties?.["spec"]?.properties?.["registries"]?.items;
    if (!entry) throw new Error("no entries in the schema");
    change(entry);
    await world.admin.patch(path, { metadata: { annotations: metadata.annotations }, spec });
  };
  const older = (): Promise<void> =>
    install("0.0.9", (entry) => {
      const { verify: _dropped, ...kept } = entry.properties ?? {};
      entry.properties = kept;
      entry["x-kubernetes-validations"] = rulesWithout(entry, "verify");
    });
  const outdated = async (name: string): Promise<string | undefined> =>
    (await world.condition(name, "CRDOutdated"))?.message;
  const password = async (namespace: string, host: string): Promise<string | undefined> =>
    (await world.logins(namespace))?.[host]?.password;

  beforeAll(async () => {
    world = await testEnv();
    running = await world.startOperator();
    await world.source("hub", { username: "ann", password: "first" });
    await world.source("other", { username: "bea", password: "first" });
    await world.namespaces(["team-a"]);
    await world.credential("before", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("before")).namespaces?.ready === 1);
  }, 120_000);
  afterAll(() => world.close());

  it("is told while the operator runs, with what it lacks and the command", async () => {
    expect(await outdated("before")).toBeUndefined();
    await older();
    await eventually("it is told", async () => (await outdated("before")) !== undefined);
    expect(await outdated("before")).toMatch(
      /it lacks spec\.registries\[\]\.verify, the rule of spec\.registries\[\] ".*: kubectl apply -f crds\/$/,
    );
    expect((await world.condition("before", "Ready"))?.status).toBe("True");
  });

  it("keeps existing logins fresh, for new namespaces too, and grants nothing new", async () => {
    await world.credential("after", staticSpec("other", { hosts: ["other.example.com"] }));
    await eventually(
      "the new one is told",
      async () => (await world.condition("after", "Ready"))?.reason === "CRDOutdated",
    );
    await world.source("hub", { username: "ann", password: "second" });
    await world.namespaces(["team-b"]);
    for (const namespace of ["team-a", "team-b"]) {
      await eventually(
        `${namespace} is fresh`,
        async () => (await password(namespace, "registry.example.com")) === "second",
      );
      expect(await password(namespace, "other.example.com")).toBeUndefined();
    }
    const tokens = (await world.admin.list(`/api/v1/namespaces/${operatorNamespace}/secrets`)).filter(
      ({ type }) => type === "regcred.dev/token",
    );
    expect(tokens).toHaveLength(1);
  });

  it("is told in the log of a start", async () => {
    await running.stop();
    running = await world.startOperator();
    const line = (): LogLine | undefined => running.log.find(({ message }) => message === "installed schema outdated");
    await eventually("it is told", () => Promise.resolve(line() !== undefined));
    expect(line()).toMatchObject({
      level: "warn",
      fields: { reason: "CRDOutdated", detail: expect.stringContaining("kubectl apply -f crds/") },
    });
  });

  it("is forgotten, and what waited is served, once it is upgraded", async () => {
    await install(packageJson.version, () => undefined);
    await eventually("the new one is served", async () => (await world.status("after")).namespaces?.ready === 2);
    expect(await password("team-a", "other.example.com")).toBe("first");
    await eventually("it is told no longer", async () => (await outdated("before")) === undefined);
  });

  it("is none where it is of a later release, whatever it lacks", async () => {
    await install("99.0.0", (entry) => {
      entry.properties = { ...entry.properties, unheardOf: { type: "string", maxLength: 8 } };
      entry["x-kubernetes-validations"] = rulesWithout(entry, "identity");
    });
    expect((await world.admin.get(path))?.metadata.annotations?.[releaseAnnotation]).toBe("99.0.0");
    await world.source("third", { username: "cid", password: "first" });
    await world.credential("rolled-back", staticSpec("third", { hosts: ["third.example.com"] }));
    await eventually("a new one is served", async () => (await world.status("rolled-back")).namespaces?.ready === 2);
    expect(await outdated("rolled-back")).toBeUndefined();
  });
});
