// Tests that each tenant gets the tokens of its own role, and that nobody mints more of them than there are roles.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { arnOf, type Ecr, ecr, ecrHost, environment } from "./ecr.ts";
import { history, secretsCalled } from "./history.ts";
import {
  eventually,
  loginsIn,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  soon,
} from "./test-env.ts";

const driver = fileURLToPath(new URL("operator-process.ts", import.meta.url));
const namespaces = Array.from({ length: 300 }, (_, index) => `team-${index}`);
const tenants = Array.from({ length: 12 }, (_, index) => `tenant-${index}`);
const tenantOf = (index: number): string => tenants[index % tenants.length] ?? "";
const hub = "registry.example.com";
const aMinute = Temporal.Duration.from({ minutes: 1 });

describe("300 namespaces", () => {
  let world: TestEnv;
  let cloud: Ecr;
  let running: RunningOperator;
  let child: ChildProcess | undefined;
  /** When the cloud answers for the role of this name. */
  const slow = Promise.withResolvers<undefined>();

  /** Two entries: a role of the cloud, and a login that all share. */
  const serve = async (name: string, roleARN: string, secretName: string): Promise<void> => {
    await world.credential(name, {
      registries: [
        { name: "cloud", provider: "ECR", hosts: [ecrHost], ecr: { roleARN } },
        { name: "hub", provider: "Static", hosts: [hub], static: { secretName: "hub" } },
      ],
      namespaces: { include: ["team-*"] },
      pullSecret: { name: secretName },
    });
  };
  const served = (name: string): Promise<void> =>
    eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 300, aMinute);
  const start = (): Promise<RunningOperator> =>
    world.startOperator({ settings: { environment }, routes: cloud.routes });
  /** By namespace, the role whose password its Secret holds. */
  const rolesIn = async (secretName: string): Promise<ReadonlyMap<string, string>> =>
    new Map(
      (await world.admin.list(secretsCalled(secretName))).map((secret) => [
        secret.metadata.namespace ?? "",
        roleIn(secret) ?? "none",
      ]),
    );
  const tokenSecrets = async (): Promise<number> =>
    (await world.admin.list(`/api/v1/namespaces/${operatorNamespace}/secrets`)).filter(
      ({ type }) => type === "regcred.dev/token",
    ).length;
  /** Of the roles of one kind. */
  const mints = (kind: string): number => cloud.mints.filter(({ role }) => role.startsWith(`${kind}-`)).length;

  beforeAll(async () => {
    cloud = await ecr({
      roles: [...tenants, "slow", ...namespaces.flatMap((namespace) => [`own-${namespace}`, `killed-${namespace}`])],
      lifetime: Temporal.Duration.from({ hours: 12 }),
      // So that some are under way at any time.
      asked: (role) =>
        role === "slow" ? slow.promise : new Promise((resolve) => setTimeout(() => resolve(undefined), 20)),
    });
    world = await testEnv();
    await world.source("hub", { username: "ann", password: "shared" });
    await Promise.all(
      tenants.map((tenant) =>
        world.namespaces(
          namespaces.filter((_, index) => tenantOf(index) === tenant),
          { labels: { tenant } },
        ),
      ),
    );
    running = await start();
  });
  afterAll(async () => {
    child?.kill("SIGKILL");
    await world.close();
    await cloud.close();
  });

  it("of 12 tenants cost 12 mints, and each holds the token of its tenant", async () => {
    await serve("labelled", arnOf("$(namespace.labels['tenant'])"), "labelled");
    await served("labelled");
    const roles = await rolesIn("labelled");
    expect(namespaces.map((namespace) => roles.get(namespace))).toEqual(namespaces.map((_, index) => tenantOf(index)));
    expect(mints("tenant")).toBe(12);
    expect(await world.status("labelled")).toMatchObject({
      registries: [
        { name: "cloud", state: "Issued", identities: 12 },
        { name: "hub", state: "Issued", identities: 1 },
      ],
    });
  });

  it("with a role each cost 300", async () => {
    await serve("named", arnOf("own-$(namespace.name)"), "named");
    await served("named");
    const roles = await rolesIn("named");
    expect(namespaces.map((namespace) => roles.get(namespace))).toEqual(namespaces.map((name) => `own-${name}`));
    expect(mints("own")).toBe(300);
    expect(mints("tenant")).toBe(12);
  });

  it("cost nothing at a restart", async () => {
    await running.stop();
    const before = cloud.asked();
    running = await start();
    await world.namespaces(["team-late"], { labels: { tenant: "tenant-3" } });
    await eventually("it is at work", async () => roleIn(await world.secret("team-late", "labelled")) === "tenant-3");
    await world.admin.remove("/api/v1/namespaces/team-late");
    await eventually("it is counted", async () => (await world.status("labelled")).namespaces?.selected === 300);
    await world.atRest();
    // STS knows no role for the late namespace alone, so no token is asked for with it.
    expect(cloud.asked()).toBe(before);
  });

  it("cost at most one more for each mint that a kill cut off", async () => {
    await running.stop();
    const before = await tokenSecrets();
    child = fork(driver, [
      world.cluster.kubeconfig,
      operatorNamespace,
      JSON.stringify(environment),
      JSON.stringify(cloud.routes),
    ]);
    await once(child, "message");
    await serve("killed", arnOf("killed-$(namespace.name)"), "killed");
    await eventually("it is in the midst of it", () => Promise.resolve(mints("killed") >= 100), aMinute);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const asked = cloud.asked();
    const stored = (await tokenSecrets()) - before;
    await eventually("the cloud has answered", () => Promise.resolve(cloud.mints.length === cloud.asked()));
    const cut = mints("killed") - stored;
    expect(mints("killed")).toBeLessThan(300);
    // src/operator.ts: so many may be under way.
    expect(cut).toBeLessThanOrEqual(64);
    running = await start();
    await served("killed");
    // What the dead one had sent to the API server may have been stored after it was counted.
    expect(mints("killed")).toBeLessThanOrEqual(300 + cut);
    expect(cloud.asked() - asked).toBeLessThanOrEqual(300 - stored);
    const twice = namespaces.filter((name) => cloud.mints.filter(({ role }) => role === `killed-${name}`).length === 2);
    expect(twice.length).toBe(mints("killed") - 300);
  });

  it("without the label get nothing of that entry, all of the others, and are listed", async () => {
    await world.namespaces(["team-bare"]);
    await eventually(
      "it is told",
      async () => (await world.status("labelled")).failures?.some(({ reason }) => reason === "MissingLabel") === true,
    );
    expect(await world.logins("team-bare", "labelled")).toEqual({
      [hub]: expect.objectContaining({ username: "ann", password: "shared" }) as unknown,
    });
    const status = await world.status("labelled");
    expect(status.failures).toEqual([
      expect.objectContaining({ reason: "MissingLabel", cause: "Tenant", count: 1, examples: ["team-bare"] }),
    ]);
    expect(status.namespaces).toMatchObject({ selected: 301, ready: 300, failed: 1 });
    await expect.poll(() => world.condition("labelled", "Ready"), soon).toMatchObject({ status: "True" });
    await expect
      .poll(() => world.condition("labelled", "Distributed"), soon)
      .toMatchObject({ status: "False", reason: "MissingLabel" });
    expect((await world.condition("labelled", "Distributed"))?.message).toContain("team-bare");
    expect(mints("tenant")).toBe(12);
  });

  it("relabelled from one tenant to another lose the first one's token in the next write", async () => {
    await using written = await history(world, secretsCalled("labelled"));
    await world.admin.patch("/api/v1/namespaces/team-0", { metadata: { labels: { tenant: "tenant-1" } } });
    const ofTeam = (): readonly KubeObject[] =>
      written.versions.map(({ object }) => object).filter(({ metadata }) => metadata.namespace === "team-0");
    await eventually("it is written", () => Promise.resolve(ofTeam().length > 0));
    expect(ofTeam().map(roleIn)).toEqual(["tenant-1"]);

    // Without waiting for a successor: one comes late, and the cloud refuses another.
    const becomes = async (tenant: string, role: string | undefined): Promise<void> => {
      await world.admin.patch("/api/v1/namespaces/team-0", { metadata: { labels: { tenant } } });
      await eventually(`it is written for ${tenant}`, () => Promise.resolve(roleIn(ofTeam().at(-1)) === role));
    };
    await becomes("slow", undefined);
    slow.resolve(undefined);
    await eventually("the late token arrives", () => Promise.resolve(roleIn(ofTeam().at(-1)) === "slow"));
    await becomes("stranger", undefined);
    await becomes("tenant-2", "tenant-2");
    expect(ofTeam().map(roleIn)).toEqual(["tenant-1", undefined, "slow", undefined, "tenant-2"]);
    expect(ofTeam().map((secret) => loginsIn(secret)?.[hub]?.password)).toEqual(ofTeam().map(() => "shared"));
    expect(mints("tenant")).toBe(12);
  });
});

function roleIn(secret: KubeObject | undefined): string | undefined {
  return loginsIn(secret)?.[ecrHost]?.password.replace(/\/\d+$/, "");
}
