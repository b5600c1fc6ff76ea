// Can tenants' own pull Secrets be taken over, and given back, without one failing pull?
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { KubeObject } from "../cluster/admin-client.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { ask } from "./ask.ts";
import { program } from "./program.ts";
import { credentialsPath, eventually, operatorNamespace, type Scene, scene } from "./scene.ts";

const users = [
  { name: "ann", password: "first-password" },
  { name: "bob", password: "second-password" },
];
const teams = Array.from({ length: 50 }, (_, index) => `team-${String(index + 10)}`);
// Such a Secret is what people make by hand: one name, the same login in most namespaces.
const secretName = "registry-login";

describe("import", () => {
  let world: Scene;
  let registry: Registry;
  let folder: string;

  const userOf = (index: number): (typeof users)[number] => users[index < 40 ? 0 : 1] ?? { name: "", password: "" };
  const configOf = (index: number): string => {
    const { name, password } = userOf(index);
    return JSON.stringify({ auths: { [registry.host]: { username: name, password } } });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-import-"));
    registry = await startRegistry({ auth: { kind: "htpasswd", users } });
    await pushImage(registry, "team/app", "1", { username: "ann", password: "first-password" });
    world = await scene();
    await world.startOperator();
    await world.namespaces(teams);
    await Promise.all(
      teams.map(async (team, index) => {
        await world.admin.create(`/api/v1/namespaces/${team}/secrets`, {
          metadata: { name: secretName },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": configOf(index) },
        });
        await world.admin.patch(`/api/v1/namespaces/${team}/serviceaccounts/default`, {
          imagePullSecrets: [{ name: secretName }],
        });
      }),
    );
  });
  afterAll(async () => {
    await world?.close();
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const imported = async (
    ...args: string[]
  ): Promise<{ code: number; stderr: string; objects: KubeObject[]; text: string }> => {
    const { code, stdout, stderr } = await ask(world.cluster.kubeconfig, ["import", ...args]);
    const objects = parseAllDocuments(stdout).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
    return { code, stderr, objects, text: stdout };
  };
  const apply = async (objects: readonly KubeObject[]): Promise<void> => {
    const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
    for (const object of objects)
      await world.admin.create(object.kind === "Secret" ? secrets : credentialsPath, object);
  };

  /** Pulls in one namespace after the other, every 100 ms, with what its ServiceAccount refers to. */
  const pulling = (): { stop: () => Promise<{ pulls: number; failed: string[] }> } => {
    const clock = systemClock();
    const stopped = new AbortController();
    const failed: string[] = [];
    let pulls = 0;
    const pull = async (team: string): Promise<void> => {
      const [name] = await world.references(team);
      const secret = name === undefined ? undefined : await world.secret(team, name);
      const encoded = (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"] ?? "";
      const config = Buffer.from(encoded, "base64").toString() || undefined;
      const { ok, status } = await tryPull(registry, "team/app", "1", config);
      if (!ok) failed.push(`${team}: ${status}`);
    };
    const run = async (): Promise<void> => {
      const under: Promise<void>[] = [];
      for (; !stopped.signal.aborted; pulls += 1) {
        under.push(pull(teams[pulls % teams.length] ?? ""));
        await clock.sleep(Temporal.Duration.from({ milliseconds: 100 }));
      }
      await Promise.all(under);
    };
    const running = run();
    return {
      stop: async () => {
        stopped.abort();
        await running;
        return { pulls, failed };
      },
    };
  };

  it("takes over what 50 namespaces have, and gives it back, and no pull fails", async () => {
    const before = await Promise.all(teams.map((team) => world.secret(team, secretName)));
    const { code, objects } = await imported("--secrets", "--name", "hand-made");
    expect(code).toBe(0);
    const credentials = objects.filter(({ kind }) => kind === "RegistryCredential");
    expect(
      credentials.map(({ spec }) => (spec as { namespaces: { include: string[] } }).namespaces.include.length),
    ).toEqual([40, 10]);

    const pulls = pulling();
    await apply(objects);
    for (const { metadata, spec } of credentials) {
      const count = (spec as { namespaces: { include: string[] } }).namespaces.include.length;
      await eventually(
        `${metadata.name} serves ${count}`,
        async () => (await world.status(metadata.name)).namespaces?.ready === count,
      );
    }
    for (const team of teams) {
      expect((await world.secret(team, secretName))?.metadata.labels).toMatchObject({
        "app.kubernetes.io/managed-by": "regcred",
      });
      expect(await world.references(team)).toEqual([secretName]);
    }
    // Back again: the tenants keep what they have.
    for (const { metadata } of credentials) await world.deleteCredential(metadata.name);
    const { pulls: count, failed } = await pulls.stop();
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(20);
    for (const [index, team] of teams.entries()) {
      const after = await world.secret(team, secretName);
      expect(after?.metadata.uid).toBe(before[index]?.metadata.uid);
      expect(after?.metadata.labels ?? {}).toEqual({});
      expect(await world.logins(team, secretName)).toMatchObject({
        [registry.host]: { username: userOf(index).name, password: userOf(index).password },
      });
      expect(await world.references(team)).toEqual([secretName]);
    }
  });

  it("makes a RegistryCredential of a docker config", async () => {
    const file = join(folder, "config.json");
    const auth = Buffer.from("ann:first-password").toString("base64");
    await writeFile(file, JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth }, "quay.io": { auth } } }));
    const { code, objects } = await imported("-f", file, "--name", "laptop", "--namespaces", "team-1?", "other");
    expect(code).toBe(0);
    expect(objects).toMatchObject([
      { kind: "Secret", metadata: { name: "laptop", namespace: operatorNamespace } },
      {
        kind: "RegistryCredential",
        metadata: { name: "laptop" },
        spec: {
          registries: [{ provider: "Static", hosts: ["docker.io", "quay.io"], static: { secretName: "laptop" } }],
          namespaces: { include: ["team-1?", "other"] },
        },
      },
    ]);
    await apply(objects);
    await eventually("it is served", async () => (await world.status("laptop")).namespaces?.ready === 10);
    await world.deleteCredential("laptop");
  });

  it("says which hosts would be lost, and which Secrets it left out", async () => {
    const odd = (name: string, text: string): Promise<unknown> =>
      world.admin.create("/api/v1/namespaces/team-10/secrets", {
        metadata: { name },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": text },
      });
    await odd("empty", '{"auths":{}}');
    await odd(
      "partly",
      JSON.stringify({ auths: { "quay.io": { username: "a", password: "b" }, "gcr.io": { identitytoken: "x" } } }),
    );
    const { code, text } = await imported("--secrets");
    expect(code).toBe(3);
    expect(text).toMatch(/^# left out: team-10\/empty: this docker config holds no credentials/m);
    expect(text).toMatch(/^# would be lost: team-10\/partly: gcr\.io has only an identity or registry token/m);
  });

  it("prints passwords on no terminal, and says what to type instead", async () => {
    const { kubeconfig } = world.cluster;
    const { code, stdout } = await program(["import", "--secrets"], { kubeconfig, columns: 80 });
    expect(code).toBe(2);
    expect(stdout).toContain("umask 077");
    expect(stdout).not.toContain("first-password");
    expect(await imported()).toMatchObject({ code: 2, stderr: expect.stringContaining("--secrets") });
  });
});
