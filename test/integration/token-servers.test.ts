// Tests that a login is tried at a registry with tokens from another port only where the entry trusts that, with the entry's own CA.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { eventually, operatorNamespace, type RunningOperator, type TestEnv, testEnv } from "./test-env.ts";

const user = { name: "puller", password: "made-up-password" };

describe("a registry whose token server is on another port", () => {
  let world: TestEnv;
  let operator: RunningOperator;
  let registry: Registry;
  let tokenServer: string;

  /** A tenant of its own, with a source of its own: nothing is shared between them. */
  const serve = async (name: string, more: object): Promise<void> => {
    await world.namespaces([`team-${name}`]);
    await world.source(name, { username: user.name, password: user.password });
    await world.credential(name, {
      registries: [
        {
          name: "images",
          provider: "Static",
          hosts: [registry.host],
          static: { secretName: name },
          caSecretName: "company-ca",
          verify: { image: `${registry.host}/team/app:1` },
          ...more,
        },
      ],
      namespaces: { include: [`team-${name}`] },
    });
    await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 1);
  };
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await world.status(name)).registries?.[0]?.state;

  beforeAll(async () => {
    registry = await startRegistry({ auth: { kind: "token", users: [user] }, tls: true });
    tokenServer = new URL(registry.realm ?? "").host;
    await pushImage(registry, "team/app", "1", { username: user.name, password: user.password });
    world = await testEnv();
    await world.admin.create(`/api/v1/namespaces/${operatorNamespace}/secrets`, {
      metadata: { name: "company-ca" },
      stringData: { "ca.crt": registry.ca },
    });
    operator = await world.startOperator({
      settings: { allowedHosts: ["127.0.0.1:*"], allowedPrivateHosts: ["127.0.0.1"] },
    });
  });
  afterAll(async () => {
    await world.close();
    await registry.stop();
  });

  it("is not told the login by an entry that does not name it, and the log says what to write", async () => {
    const before = registry.tokenRequests();
    await serve("unnamed", {});
    expect(await stateOf("unnamed")).toBe("Issued");
    expect(registry.tokenRequests()).toBe(before);
    const line = operator.log.find(({ message }) => message === "token not verified");
    expect(JSON.stringify(line?.fields)).toContain(
      JSON.stringify(`write tokenServers: ["${tokenServer}"]`).slice(1, -1),
    );
  });

  it("is told it by one that does, and the image is seen", async () => {
    const before = registry.tokenRequests();
    await serve("named", { tokenServers: [tokenServer] });
    expect(await stateOf("named")).toBe("Verified");
    expect(registry.tokenRequests()).toBeGreaterThan(before);
  });

  it("is not told it without the entry's CA, whose authority nobody else knows", async () => {
    await serve("untrusting", { tokenServers: [tokenServer], caSecretName: undefined });
    expect(await stateOf("untrusting")).toBe("Issued");
  });
});
