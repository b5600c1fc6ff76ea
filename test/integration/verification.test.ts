// Tests that a new token reaches tenants only when it can pull, and that the check itself can never become an outage.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deleteImage } from "../cluster/delete-image.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, type RegistryRequest, startRegistry } from "../cluster/registry.ts";
import type { RegistryUser } from "../cluster/token-server.ts";
import { arnOf, type Ecr, ecr, hostOf, identityKeys } from "./ecr.ts";
import type { Route } from "./routes.ts";
import { type CredentialStatus, eventually, operatorNamespace, type TestEnv, testEnv, soon } from "./test-env.ts";

const roles = ["allowed", "refused", "removed", "late", "foreign", "login", "unknown"] as const;
type Role = (typeof roles)[number];
/** Each of an account of its own. */
const hosts = Object.fromEntries(roles.map((role, index) => [role, hostOf(`11112222000${index}`)])) as Record<
  Role,
  string
>;
const pusher: RegistryUser = { name: "AWS", password: "push" };

describe("a token that is tried before it is published", () => {
  let world: TestEnv;
  let registry: Registry;
  let cloud: Ecr;
  let short: Ecr;
  const users: RegistryUser[] = [pusher];
  /** What new passwords may pull; everything if absent. */
  const repositories = new Map<string, readonly string[]>();
  /** Roles whose new passwords the registry never hears of. */
  const unheard = new Set<string>();

  const secretPath = (role: Role): string => `/api/v1/namespaces/${operatorNamespace}/secrets/keys-${role}`;
  /** One tenant, served with an entry whose identity is a Secret, verified unless `repository` is empty. */
  const serve = async (role: Role, repository = "team/app"): Promise<void> => {
    await world.namespaces([`team-${role}`]);
    await world.admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, {
      metadata: { name: `keys-${role}` },
      stringData: identityKeys,
    });
    await world.credential(role, {
      registries: [
        {
          name: "main",
          provider: "ECR",
          hosts: [hosts[role]],
          identity: { from: "Secret", name: `keys-${role}` },
          ecr: { roleARN: arnOf(role) },
          ...(repository !== "" && { verify: { image: `${hosts[role]}/${repository}:1` } }),
        },
      ],
      namespaces: { include: [`team-${role}`] },
    });
    await eventually(`${role} is served`, async () => (await world.status(role)).namespaces?.ready === 1);
  };
  /** A new version of the identity's Secret: its tokens are minted anew. */
  const rotate = (role: Role): Promise<unknown> =>
    world.admin.patch(secretPath(role), { metadata: { annotations: { rotated: String(cloud.mints.length) } } });
  const passwordOf = async (role: Role): Promise<string | undefined> =>
    (await world.logins(`team-${role}`))?.[hosts[role]]?.password;
  const newest = (role: Role): string | undefined =>
    [...cloud.mints, ...short.mints].findLast((mint) => mint.role === role)?.password;
  const entry = async (role: Role): Promise<NonNullable<CredentialStatus["registries"]>[number] | undefined> =>
    (await world.status(role)).registries?.[0];
  /** The operator's own requests for manifests. */
  const checks = async (repository: string): Promise<readonly RegistryRequest[]> =>
    (await registry.requests()).filter(
      ({ method, path }) => method === "HEAD" && path === `/v2/${repository}/manifests/1`,
    );

  beforeAll(async () => {
    registry = await startRegistry({ auth: { kind: "token", users } });
    for (const repository of ["team/app", "team/gone"]) {
      await pushImage(registry, repository, "1", { username: pusher.name, password: pusher.password });
    }
    const minted = async ({ role, password }: { readonly role: string; readonly password: string }): Promise<void> => {
      if (!unheard.has(role)) users.push({ name: "AWS", password, repositories: repositories.get(role) });
      await registry.setUsers([...users]);
    };
    cloud = await ecr({ roles, lifetime: Temporal.Duration.from({ hours: 12 }), minted });
    // Less than the 10 minutes for which the old token may stand in for a refused one.
    short = await ecr({ roles, lifetime: Temporal.Duration.from({ minutes: 9 }), minted });
    world = await testEnv();
  });
  afterAll(async () => {
    await world.close();
    await Promise.all([cloud.close(), short.close(), registry.stop()]);
  });

  /** As if the registry and its token server were one host, unless the realm is to be foreign. */
  const routesTo = (provider: Ecr): Readonly<Record<string, Route>> => ({
    ...provider.routes,
    ...Object.fromEntries(
      roles.map((role) => [hosts[role], { url: registry.url, ...(role !== "foreign" && { realm: registry.realm }) }]),
    ),
  });

  describe("with life enough", () => {
    beforeAll(async () => {
      // Half a minute, for every attempt costs a token; sooner here.
      const timing = { slowly: Temporal.Duration.from({ seconds: 2 }) };
      const running = await world.startOperator({ routes: routesTo(cloud), timing });
      return () => running.stop();
    });

    it("is Verified when it sees the image", async () => {
      await serve("allowed");
      expect(await entry("allowed")).toMatchObject({ state: "Verified", identities: 1 });
      expect((await checks("team/app")).map(({ status }) => status)).toContain(200);
      expect(await passwordOf("allowed")).toBe(newest("allowed"));
      expect(cloud.mints.filter(({ role }) => role === "allowed")).toHaveLength(1);
    });

    it("is held back while it is refused and the old one lives", async () => {
      await serve("refused");
      const before = await passwordOf("refused");
      repositories.set("refused", ["team/other"]);
      await rotate("refused");
      await eventually(
        "the refusal is told",
        async () => (await world.condition("refused", "TokensFresh"))?.reason === "VerificationDenied",
      );
      expect(newest("refused")).not.toBe(before);
      expect(await passwordOf("refused")).toBe(before);
      expect(await entry("refused")).toMatchObject({ state: "Failing", reason: "VerificationDenied" });
      const { message = "" } = (await world.condition("refused", "TokensFresh")) ?? {};
      expect(message).toContain(`${hosts.refused}/team/app`);
      expect(message).not.toContain(newest("refused"));
      // Tenants are served.
      await expect.poll(() => world.condition("refused", "Ready"), soon).toMatchObject({ status: "True" });
      await expect.poll(() => world.condition("refused", "Distributed"), soon).toMatchObject({ status: "True" });

      repositories.delete("refused");
      const limit = Temporal.Duration.from({ seconds: 90 });
      await eventually(
        "the next one is let through",
        async () => (await entry("refused"))?.state === "Verified",
        limit,
      );
      await eventually("it is published", async () => (await passwordOf("refused")) === newest("refused"));
      expect(await passwordOf("refused")).not.toBe(before);
      await expect.poll(() => world.condition("refused", "TokensFresh"), soon).toMatchObject({ status: "True" });
    });

    it("is published when the image that it is tried with was removed", async () => {
      await serve("removed", "team/gone");
      expect(await entry("removed")).toMatchObject({ state: "Verified" });
      const before = await passwordOf("removed");
      await deleteImage(registry, "team/gone", "1", { username: pusher.name, password: pusher.password });
      await rotate("removed");
      await eventually("it is rotated all the same", async () => (await passwordOf("removed")) !== before);
      expect(await passwordOf("removed")).toBe(newest("removed"));
      expect((await checks("team/gone")).at(-1)?.status).toBe(404);
      // Its login is taken, and no more is claimed of it.
      await eventually("the status tells", async () => (await entry("removed"))?.state === "Authenticated");
      await expect.poll(() => world.condition("removed", "TokensFresh"), soon).toMatchObject({ status: "True" });
      await expect.poll(() => world.condition("removed", "Ready"), soon).toMatchObject({ status: "True" });
    });

    it("is Authenticated where no image is named and the registry takes its login", async () => {
      const before = registry.tokenRequests();
      await serve("login", "");
      expect(await entry("login")).toMatchObject({ state: "Authenticated", identities: 1 });
      expect(await passwordOf("login")).toBe(newest("login"));
      // One login, however many looks there were at the credential.
      expect(registry.tokenRequests()).toBe(before + 1);
    });

    it("is held back while the registry takes the old login and not the new one", async () => {
      await serve("unknown", "");
      const before = await passwordOf("unknown");
      unheard.add("unknown");
      await rotate("unknown");
      await eventually(
        "the refusal is told",
        async () => (await world.condition("unknown", "TokensFresh"))?.reason === "VerificationDenied",
      );
      expect(newest("unknown")).not.toBe(before);
      expect(await passwordOf("unknown")).toBe(before);
      await expect.poll(() => world.condition("unknown", "Ready"), soon).toMatchObject({ status: "True" });

      // A registry that takes no login at all says nothing of the new one.
      for (const user of users.filter(({ password }) => password.startsWith("unknown/"))) {
        users.splice(users.indexOf(user), 1);
      }
      await registry.setUsers([...users]);
      await rotate("unknown");
      await eventually("it is published", async () => (await passwordOf("unknown")) === newest("unknown"));
      expect(await passwordOf("unknown")).not.toBe(before);
      await eventually("the status tells", async () => (await entry("unknown"))?.state === "PublishedUnverified");
    });

    it("is sent to no realm on another host, and published", async () => {
      const before = registry.tokenRequests();
      await serve("foreign");
      expect(await entry("foreign")).toMatchObject({ state: "Issued" });
      expect(await passwordOf("foreign")).toBe(newest("foreign"));
      expect(registry.tokenRequests()).toBe(before);
    });
  });

  describe("near the end of the old one", () => {
    beforeAll(async () => {
      const running = await world.startOperator({ routes: routesTo(short) });
      return () => running.stop();
    });

    it("is published unverified when it is refused", async () => {
      await serve("late");
      expect(await entry("late")).toMatchObject({ state: "Verified" });
      const before = await passwordOf("late");
      repositories.set("late", ["team/other"]);
      await rotate("late");
      await eventually("it is rotated", async () => (await passwordOf("late")) !== before);
      expect(await passwordOf("late")).toBe(newest("late"));
      await eventually("the status tells", async () => (await entry("late"))?.state === "PublishedUnverified");
      await expect.poll(() => world.condition("late", "Ready"), soon).toMatchObject({ status: "True" });
    });
  });
});
