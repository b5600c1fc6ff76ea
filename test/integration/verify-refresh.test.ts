// Tests that `verify` and `refresh` do what a person means by them.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { ask } from "./ask.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const login = { username: "ann", password: "right-password" };

describe("verify and refresh", () => {
  let world: TestEnv;
  let registry: Registry;
  let operator: RunningOperator;
  let image: string;

  beforeAll(async () => {
    registry = await startRegistry({
      auth: { kind: "htpasswd", users: [{ name: login.username, password: login.password }] },
    });
    await pushImage(registry, "team/app", "1", login);
    image = `${registry.host}/team/app:1`;
    world = await testEnv();
    operator = await world.startOperator();
    await world.source("hub", login);
    await world.namespaces(["team-a", "other"]);
    await world.credential("hub", staticSpec("hub", { hosts: [registry.host] }));
    await eventually("team-a is served", async () => (await world.status("hub")).namespaces?.ready === 1);
  });
  afterAll(async () => {
    await world?.close();
    await registry?.stop();
  });

  const command = (...args: string[]): ReturnType<typeof ask> => ask(world.cluster.kubeconfig, args);
  // The registry is on loopback.
  const verify = (...args: string[]): ReturnType<typeof ask> =>
    command("verify", ...args, "--allowed-private-hosts", "127.0.0.1");

  it("tries the registry with the logins that a tenant has", async () => {
    expect(await verify("team-a", "--image", image)).toMatchObject({
      code: 0,
      stdout: `YES: ${image}: pulled its manifest with the login of "ann" in the Secret regcred\n`,
    });
    expect(await verify("other", "--image", image)).toMatchObject({
      code: 3,
      stdout: `NO: ${image}: no Secret has a login for ${registry.host}; kubectl regcred explain other default says why\n`,
    });
    expect((await verify("team-a", "--image", `${registry.host}/team/none:1`)).code).toBe(4);
    expect(await verify("team-a")).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^UNKNOWN: no pod of/),
    });
    expect((await verify("team-a", "pod/gone")).code).toBe(3);
  });

  it("finds out that a login is refused, which nothing in the cluster tells", async () => {
    await registry.setUsers([{ name: login.username, password: "another" }]);
    expect((await command("explain", "team-a", "--image", image)).code).toBe(0);
    const { code, stdout } = await verify("team-a", "--image", image);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^NO: .*with the login of "ann" in the Secret regcred: .*the login may not pull/);
    expect(stdout).not.toContain(login.password);
    await registry.setUsers([{ name: login.username, password: login.password }]);
  });

  it("asks no private or loopback address that is not allowed, on behalf of nobody", async () => {
    const before = (await registry.requests()).length;
    const { code, stdout } = await command("verify", "team-a", "--image", image);
    expect(code).toBe(4);
    expect(stdout).toMatch(
      /^UNKNOWN: .*AddressNotAllowed: 127\.0\.0\.1 leads to .*add 127\.0\.0\.1 to --allowed-private-hosts/,
    );
    expect((await registry.requests()).length).toBe(before);
  });

  it("asks no host that a tenant names and no entry serves, whatever is in the tenant's Secret", async () => {
    let heard = 0;
    const server = createServer((_, response) => {
      heard += 1;
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const auths = { auths: { [host]: { username: "ann", password: "mine" } } };
    await world.namespaces(["evil"]);
    await world.admin.create("/api/v1/namespaces/evil/secrets", {
      metadata: { name: "own" },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify(auths)).toString("base64") },
    });
    await world.admin.patch("/api/v1/namespaces/evil/serviceaccounts/default", { imagePullSecrets: [{ name: "own" }] });
    const { code, stdout } = await verify("evil", "--image", `${host}/team/app:1`);
    expect(code).toBe(4);
    expect(stdout).toContain(`names ${host}, so nothing was sent to it`);
    expect(heard).toBe(0);
    server.close();
    server.closeAllConnections();
  });

  it("mints at once, and says when it is done", async () => {
    const { code, stdout } = await command("refresh", "hub");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "hub/main: minted (Issued), it names no expiry\n" });
  });

  it("says why it could not", async () => {
    await world.credential("broken", staticSpec("nobody", { hosts: ["registry.example.com"] }));
    await eventually("it is told", async () => (await world.condition("broken", "Ready"))?.reason === "SourceMissing");
    const { code, stdout } = await command("refresh", "broken");
    expect(code).toBe(3);
    expect(stdout).toMatch(/^broken\/main: NOT minted \(SourceMissing\): the source Secret /);
  });

  it("does not wait where it is told not to, and knows what is not there", async () => {
    await operator.stop();
    expect(await command("refresh", "hub", "--no-wait")).toMatchObject({
      code: 0,
      stdout: "Asked. See: kubectl regcred status hub\n",
    });
    expect((await command("refresh", "nobody")).code).toBe(3);
  });
});
