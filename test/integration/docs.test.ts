// Tests that what the documents tell a reader to apply works on a real cluster, with the rights of config/rbac.
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { blocks, examples } from "../documents.ts";
import { installed } from "./installed.ts";
import { credentialsPath, eventually, type TestEnv, testEnv } from "./test-env.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** Where an object is created, by its kind. */
const collections: Readonly<Record<string, (namespace: string) => string>> = {
  RegistryCredential: () => credentialsPath,
  Secret: (namespace) => `/api/v1/namespaces/${namespace}/secrets`,
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Role: (namespace) => `${rbac}/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `${rbac}/namespaces/${namespace}/rolebindings`,
  ClusterRole: () => `${rbac}/clusterroles`,
  ClusterRoleBinding: () => `${rbac}/clusterrolebindings`,
};

/** What no API server here takes: how the chart is delivered (delivery.test.ts), and files of nodes (credential-provider/documented.test.ts). */
const lookedAtElsewhere = ["Application", "HelmRepository", "HelmRelease", "NodeCredentials"];

function collectionOf({ kind = "", metadata }: KubeObject): string {
  const collection = collections[kind];
  if (!collection) throw new Error(`a document shows a ${kind}: say in this test where it is created`);
  return collection(metadata.namespace ?? "default");
}

const shownIn = (document: string, kinds: readonly string[]): KubeObject[] =>
  examples
    .filter(({ path, object }) => path === document && kinds.includes(object.kind ?? ""))
    .map(({ object }) => object);

describe("the documents on a real cluster", () => {
  let world: TestEnv;
  let agent: Agent;

  const ask = async (
    method: "GET" | "POST",
    path: string,
    { body, accept = "application/json" }: { body?: object; accept?: string } = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> => {
    const answer = await request(`${world.cluster.server}${path}`, {
      method,
      dispatcher: agent,
      headers: {
        accept,
        authorization: `Bearer ${world.cluster.adminToken}`,
        "content-type": "application/json",
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  const apply = async (objects: readonly KubeObject[]): Promise<void> => {
    for (const object of objects) await world.admin.create(collectionOf(object), object);
  };

  beforeAll(async () => {
    world = await testEnv();
    agent = new Agent({ connect: { ca: world.cluster.ca } });
    await world.startOperator({ kubeconfig: await installed(world) });
    await world.namespaces(["team-a", "team-b", "login-sources"]);
  });
  afterAll(async () => {
    await agent?.close();
    await world?.close();
  });

  const rows = examples
    .filter(({ object }) => !lookedAtElsewhere.includes(object.kind ?? ""))
    .map(({ path, object }) => ({ path, kind: object.kind, name: object.metadata.name, object }));
  it.each(rows)("$path: $kind $name is accepted with strict validation", async ({ object }) => {
    // Under another name, for the tests below create some of them.
    const copy = { ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-copy` } };
    const path = `${collectionOf(object)}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await ask("POST", path, { body: copy });
    expect({ status, message: (body as { message?: string }).message }).toEqual({ status: 201, message: undefined });
  });

  it("serves the first RegistryCredential of the README, and shows what the README says", async () => {
    await apply(shownIn("README.md", ["Secret", "RegistryCredential"]));
    await eventually(
      "both namespaces are served",
      async () => (await world.status("docker-hub")).namespaces?.ready === 2,
    );
    for (const team of ["team-a", "team-b"]) {
      expect(await world.logins(team)).toEqual({
        "https://index.docker.io/v1/": expect.objectContaining({ username: "USER", password: "PASSWORD" }),
      });
      expect(await world.references(team)).toEqual(["regcred"]);
    }
    const { body } = await ask("GET", credentialsPath, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    const table = body as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    const shown = blocks.find(({ path, text }) => path === "README.md" && text.startsWith("NAME"))?.text ?? "";
    const [header = "", ...lines] = shown.trimEnd().split("\n");
    expect(header.split(/ +/)).toEqual(table.columnDefinitions.map(({ name }) => name.toUpperCase()));
    const seen = table.rows.filter(({ cells }) => cells[0] === "docker-hub");
    // The age differs.
    expect(lines.map((line) => line.split(/ +/).slice(0, -1))).toEqual(seen.map(({ cells }) => cells.slice(0, -1)));
  });
});
