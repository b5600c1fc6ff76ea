// Tests that each way of docs/migration.md works, forward and back, command by command, without one failing pull.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { blocks } from "../documents.ts";
import {
  cronJobs,
  ecrCronJob,
  externalSecret,
  externalSecretDefinition,
  externalSecretsOf,
  externalSecretsOperator,
  runEcrJob,
} from "./other-writers.ts";
import { type Pulling, pulling } from "./pulling.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv, testEnv } from "./test-env.ts";
import { type Shell, shellIn } from "./shell.ts";

const teams = Array.from({ length: 50 }, (_, index) => `team-${String(index + 10)}`);
/** Where each takes a kubectl of its own: team-10 to team-29. */
const some = teams.slice(0, 20);
const ann = { name: "ann", password: "anns-password" };
const bob = { name: "bob", password: "bobs-password" };
const job = { name: "job", password: "jobs-password" };

/** In the order of the document. */
const scripts = blocks
  .filter(({ path, language }) => path === "docs/migration.md" && language === "sh")
  .map((block) => block.text);
const [exportAll, firstWave, backFromWave, beside, suspended, resumed, jobGone, fanOut, oneGone, rest] = scripts;

describe("docs/migration.md", () => {
  let world: TestEnv;
  let registry: Registry;
  let folder: string;
  let shell: Shell;
  let running: Pulling | undefined;

  const configOf = ({ name, password }: typeof ann): string =>
    JSON.stringify({ auths: { [registry.host]: { username: name, password } } });
  const accountOf = (team: string): string => `/api/v1/namespaces/${team}/serviceaccounts/default`;
  const credential = (name: string, source: string): object => ({
    apiVersion: "regcred.dev/v1alpha1",
    kind: "RegistryCredential",
    metadata: { name },
    spec: {
      registries: [{ name: "main", provider: "Static", hosts: [registry.host], static: { secretName: source } }],
      namespaces: { include: ["team-1?", "team-2?"] },
    },
  });
  const file = (name: string, ...objects: readonly object[]): Promise<void> =>
    writeFile(join(folder, name), objects.map((object) => stringify(object)).join("---\n"));
  const pulls = (namespaces: readonly string[]): Pulling =>
    (running = pulling(world, { registry, repository: "team/app", namespaces }));
  const served = (name: string, count: number): Promise<void> =>
    eventually(`${name} serves ${count}`, async () => (await world.status(name)).namespaces?.ready === count);
  const referring = (...names: readonly string[]): Promise<void> =>
    eventually(`all refer to ${names.join(", ")}`, async () =>
      (await Promise.all(some.map((team) => world.references(team)))).every(
        (references) => references.join() === names.join(),
      ),
    );
  const secretsCalled = async (name: string): Promise<number> =>
    (await world.admin.list(`/api/v1/secrets?fieldSelector=metadata.name%3D${name}`)).length;
  const ended = async (under: Pulling): Promise<void> => {
    const { pulls: count, failed } = await under.stop();
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(20);
  };

  /** Types a block as it stands. Who looks at a status looks again until it is well. */
  const typed = async (block = ""): Promise<void> => {
    expect(block).not.toBe("");
    const [looks, acts] = [true, false].map((is) =>
      block.split("\n").filter((line) => /^kubectl regcred (status|explain)/.test(line) === is),
    );
    const { code, output } = await shell((acts ?? []).join("\n"));
    expect({ code, output }).toEqual({ code: 0, output });
    for (const line of looks ?? []) await eventually(line, async () => (await shell(line)).code === 0);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-migration-"));
    registry = await startRegistry({ auth: { kind: "htpasswd", users: [ann, bob, job] } });
    await pushImage(registry, "team/app", "1", { username: ann.name, password: ann.password });
    world = await testEnv();
    await world.admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", externalSecretDefinition);
    shell = await shellIn(folder, world.cluster);
    await world.startOperator();
    await world.namespaces(teams);
  });
  afterEach(() => running?.stop());
  afterAll(async () => {
    await world?.close();
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("has a test for each of its blocks", () => {
    expect(scripts).toHaveLength(10);
  });

  it("takes over hand-made Secrets, wave by wave, and gives them back", async () => {
    const { admin } = world;
    await Promise.all(
      teams.map(async (team, index) => {
        await admin.create(`/api/v1/namespaces/${team}/secrets`, {
          metadata: { name: "registry-login" },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": configOf(index < 40 ? ann : bob) },
        });
        await admin.patch(accountOf(team), { imagePullSecrets: [{ name: "registry-login" }] });
      }),
    );
    const before = await Promise.all(teams.map((team) => world.secret(team, "registry-login")));
    const under = pulls(teams);
    await typed(exportAll);
    const imported = parseAllDocuments(await readFile(join(folder, "import.yaml"), "utf8"))
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null);
    const waves = Map.groupBy(imported, ({ metadata }) => metadata.name);
    expect([...waves.values()].map((objects) => objects.map(({ kind }) => kind))).toEqual([
      ["Secret", "RegistryCredential"],
      ["Secret", "RegistryCredential"],
    ]);
    for (const [name, objects] of waves) {
      await file("wave-1.yaml", ...objects);
      await typed(firstWave);
      const { spec } = (await admin.get(`${credentialsPath}/${name}`)) as unknown as {
        spec: { namespaces: { include: string[] } };
      };
      await served(name, spec.namespaces.include.length);
    }
    for (const team of teams) {
      expect((await world.secret(team, "registry-login"))?.metadata.labels).toMatchObject({
        "app.kubernetes.io/managed-by": "regcred",
      });
    }
    for (const objects of waves.values()) {
      await file("wave-1.yaml", ...objects);
      await typed(backFromWave);
    }
    await ended(under);
    for (const [index, team] of teams.entries()) {
      const after = await world.secret(team, "registry-login");
      expect(after?.metadata.uid).toBe(before[index]?.metadata.uid);
      expect(after?.metadata.labels ?? {}).toEqual({});
      expect(await world.references(team)).toEqual(["registry-login"]);
    }
    await typed(rest?.replace("OLD=ecr-login", "OLD=registry-login"));
    expect(await secretsCalled("registry-login")).toBe(0);
    await referring();
  });

  it("stands beside a CronJob that sets whole lists, takes its place, and makes way for it again", async () => {
    const { admin } = world;
    const ecr = { namespaces: some, config: () => configOf(job) };
    const writer = await ecrCronJob(admin, ecr);
    await runEcrJob(admin, ecr);
    await world.source("hub", { username: ann.name, password: ann.password });
    await file("ecr.yaml", credential("ecr", "hub"));
    const under = pulls(some);

    await typed(beside);
    await referring("ecr-login", "regcred");
    await runEcrJob(admin, ecr);
    await referring("ecr-login", "regcred");
    // One that writes into regcred's, too, is undone; either login pulls.
    const data = { ".dockerconfigjson": Buffer.from(configOf(job)).toString("base64") };
    for (const team of some) await admin.patch(`/api/v1/namespaces/${team}/secrets/regcred`, { data });
    await eventually("it is undone", async () => {
      const logins = await Promise.all(some.map((team) => world.logins(team)));
      return logins.every((each) => each?.[registry.host]?.username === ann.name);
    });
    await typed(suspended);
    expect((await admin.get(`${cronJobs}/ecr-login`))?.["spec"]).toMatchObject({ suspend: true });
    await registry.setUsers([ann, bob]);
    await under.round();

    // Back: a run gets a new token.
    await registry.setUsers([ann, bob, job]);
    await typed(resumed);
    await referring("ecr-login");
    expect(await secretsCalled("regcred")).toBe(0);

    await typed(beside);
    await referring("ecr-login", "regcred");
    await typed(suspended);
    await registry.setUsers([ann, bob]);
    await typed(jobGone);
    await writer.stop();
    await typed(rest);
    await under.round();
    await ended(under);
    expect(await secretsCalled("ecr-login")).toBe(0);
    await referring("regcred");
    await world.deleteCredential("ecr");
    await referring();
  });

  it("leaves alone what External Secrets writes, fans out one of its Secrets, and makes way again", async () => {
    const { admin } = world;
    const writer = externalSecretsOperator(admin, () => configOf(bob));
    const make = (): Promise<unknown> =>
      Promise.all(some.map((team) => admin.create(externalSecretsOf(team), externalSecret("registry-login"))));
    await make();
    const written = (count: number): Promise<void> =>
      eventually(`${count} of them are there`, async () => (await secretsCalled("registry-login")) === count);
    await written(some.length);
    for (const team of some) await admin.patch(accountOf(team), { imagePullSecrets: [{ name: "registry-login" }] });

    // As docs/migration.md says: it cannot be taken over.
    const pullSecret = { name: "registry-login", onConflict: "Adopt" };
    const { spec } = credential("adopting", "hub") as { spec: object };
    await world.credential("adopting", { ...spec, pullSecret });
    await eventually("it is told", async () => (await world.status("adopting")).namespaces?.failed === some.length);
    expect((await world.status("adopting")).failures).toMatchObject([{ reason: "SecretConflict", count: some.length }]);
    expect((await world.condition("adopting", "Distributed"))?.message).toContain("ExternalSecret registry-login");
    await world.deleteCredential("adopting");

    const under = pulls(some);
    await file("source.yaml", {
      ...externalSecret("harbor-login"),
      metadata: { name: "harbor-login", namespace: operatorNamespace },
    });
    await file("harbor.yaml", credential("harbor", "harbor-login"));
    await typed(fanOut);
    await referring("registry-login", "regcred");
    await typed(oneGone);
    await written(some.length - 1);
    for (const team of some.slice(1)) await admin.remove(`${externalSecretsOf(team)}/registry-login`);
    await written(0);
    await under.round();

    // Back.
    await make();
    await written(some.length);
    await world.deleteCredential("harbor");
    await referring("registry-login");

    await typed(fanOut);
    await referring("registry-login", "regcred");
    for (const team of some) await admin.remove(`${externalSecretsOf(team)}/registry-login`);
    await written(0);
    await typed(rest?.replace("OLD=ecr-login", "OLD=registry-login"));
    await ended(under);
    await referring("regcred");
    await writer.stop();
  });
});
