// Tests that a real registry lets in whom its pull Secret names, and nobody else.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, type RegistryOptions, startRegistry } from "../cluster/registry.ts";
import { tryPull } from "../cluster/try-pull.ts";

const configOf = (host: string, name: string, password: string): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${name}:${password}`).toString("base64") } } });

const users = [
  { name: "puller", password: "old" },
  { name: "other", password: "old", repositories: ["other/app"] },
];
const kinds: readonly RegistryOptions[] = [
  { auth: { kind: "htpasswd", users } },
  { auth: { kind: "token", users } },
  { auth: { kind: "htpasswd", users }, tls: true },
  { auth: { kind: "token", users }, tls: true },
];

describe.each(kinds)("a registry with $auth.kind authentication (TLS: $tls)", (options) => {
  let registry: Registry;
  const pullAs = (name: string, password: string, host = registry.host) =>
    tryPull(registry, "team/app", "1", configOf(host, name, password));

  beforeAll(async () => {
    registry = await startRegistry(options);
    await pushImage(registry, "team/app", "1", { username: "puller", password: "old" });
  });
  afterAll(() => registry.stop());

  it("refuses who has no login, a wrong one, or one for another registry", async () => {
    const refused = { ok: false, status: 401 };
    expect(await tryPull(registry, "team/app", "1")).toEqual(refused);
    expect(await pullAs("puller", "wrong")).toEqual(refused);
    expect(await pullAs("puller", "old", "registry.example.com")).toEqual(refused);
  });

  it("follows a changed password at once", async () => {
    expect(await pullAs("puller", "old")).toEqual({ ok: true, status: 200 });
    await registry.setUsers([{ name: "puller", password: "new" }]);
    expect(await pullAs("puller", "old")).toEqual({ ok: false, status: 401 });
    expect(await pullAs("puller", "new")).toEqual({ ok: true, status: 200 });
    await registry.setUsers(users);
  });

  it("counts what it was asked", async () => {
    const before = await registry.requests();
    await pullAs("puller", "old");
    const after = await registry.requests();
    expect(after.slice(before.length)).toContainEqual(
      expect.objectContaining({ method: "GET", path: "/v2/team/app/manifests/1", status: 200 }),
    );
    expect(registry.tokenRequests() > 0).toBe(options.auth.kind === "token");
  });
});
