// Tests of importing logins that are there already, in a docker config or in tenants' pull Secrets. migration.test.ts applies it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { ask } from "./ask.ts";
import { program } from "./program.ts";
import { credentialsPath, eventually, operatorNamespace, type TestEnv, testEnv } from "./test-env.ts";

const users = [
  { name: "ann", password: "first-password" },
  { name: "bob", password: "second-password" },
];
const teams = Array.from({ length: 12 }, (_, index) => `team-${String(index + 10)}`);
// Such a Secret is what people make by hand: one name, the same login in most namespaces.
const secretName = "registry-login";

describe("import", () => {
  let world: TestEnv;
  let folder: string;

  const configOf = (index: number): string => {
    const user = users[index < 8 ? 0 : 1];
    return JSON.stringify({ auths: { "registry.example.com": { username: user?.name, password: user?.password } } });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-import-"));
    world = await testEnv();
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

  it("groups what tenants have by name and content, each group with its source", async () => {
    const { code, objects } = await imported("--secrets", "--name", "hand-made");
    expect(code).toBe(0);
    expect(objects.map(({ kind }) => kind)).toEqual(["Secret", "RegistryCredential", "Secret", "RegistryCredential"]);
    const credentials = objects.filter(({ kind }) => kind === "RegistryCredential");
    expect(credentials.map(({ spec }) => spec)).toMatchObject(
      [teams.slice(0, 8), teams.slice(8)].map((include) => ({
        namespaces: { include },
        pullSecret: { name: secretName, onConflict: "Adopt" },
        deletionPolicy: "Retain",
      })),
    );
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

  const login = { auth: Buffer.from("ann:first-password").toString("base64") };
  it.each([
    ["a wildcard", ["*.dkr.ecr.eu-west-1.amazonaws.com", "quay.io"]],
    ["a wildcard inside", ["acme-*.azurecr.io:5000/team"]],
    ["every name of Docker Hub", ["https://index.docker.io/v1/", "registry-1.docker.io", "registry.hub.docker.com"]],
    ["capitals, a scheme, a slash", ["https://AcmeImages.azurecr.io/", "HTTP://Harbor.example.com/v2/"]],
    ["ports and paths", ["gitlab.example.com:5050", "[fd00::1]:5000", "[::ffff:10.0.0.1]:5000", "quay.io/acme/app"]],
    ["forty hosts", Array.from({ length: 40 }, (_, index) => `r${index}.example.com`)],
    ["more than entries can name", Array.from({ length: 256 }, (_, index) => `r${index}.example.com`)],
    ["a long host", [`${"a".repeat(60)}.`.repeat(4).concat("example.com/some/long/path")]],
    ["something that is no host", ["quay.io", "what is this", "", "*", "a b.example.com"]],
  ])("writes of %s what the API server takes", async (_what, hosts) => {
    const file = join(folder, "any.json");
    await writeFile(file, JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, login])) }));
    const { objects, stderr } = await imported("-f", file);
    expect(stderr).toBe("");
    expect(objects).not.toEqual([]);
    const paths = { Secret: `/api/v1/namespaces/${operatorNamespace}/secrets`, RegistryCredential: credentialsPath };
    for (const object of objects)
      await world.admin.create(`${paths[object.kind as keyof typeof paths]}?dryRun=All&fieldValidation=Strict`, object);
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
