// Does what the documents tell a reader to apply work on a real cluster, with the rights of config/rbac?
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { blocks, examples } from "../documents.ts";
import { installed } from "./installed.ts";
import { credentialsPath, eventually, type Scene, scene } from "./scene.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const admission = "/apis/admissionregistration.k8s.io/v1";

/** Where an object is created, by its kind. */
const collections: Readonly<Record<string, (namespace: string) => string>> = {
  RegistryCredential: () => credentialsPath,
  Secret: (namespace) => `/api/v1/namespaces/${namespace}/secrets`,
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Role: (namespace) => `${rbac}/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `${rbac}/namespaces/${namespace}/rolebindings`,
  ClusterRole: () => `${rbac}/clusterroles`,
  ClusterRoleBinding: () => `${rbac}/clusterrolebindings`,
  ValidatingAdmissionPolicy: () => `${admission}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: () => `${admission}/validatingadmissionpolicybindings`,
};

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
  let world: Scene;
  let agent: Agent;

  /** As the administrator, or as somebody else in that group. */
  const ask = async (
    method: "GET" | "POST" | "PATCH",
    path: string,
    { body, accept = "application/json", group }: { body?: object; accept?: string; group?: string } = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> => {
    const answer = await request(`${world.cluster.server}${path}`, {
      method,
      dispatcher: agent,
      headers: {
        accept,
        authorization: `Bearer ${world.cluster.adminToken}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        ...(group && { "impersonate-user": "somebody", "impersonate-group": group }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  const apply = async (objects: readonly KubeObject[]): Promise<void> => {
    for (const object of objects) await world.admin.create(collectionOf(object), object);
  };

  beforeAll(async () => {
    world = await scene();
    agent = new Agent({ connect: { ca: world.cluster.ca } });
    await world.startOperator({ kubeconfig: await installed(world) });
    await world.namespaces(["team-a", "team-b", "login-sources"]);
  });
  afterAll(async () => {
    await agent?.close();
    await world?.close();
  });

  const rows = examples.map(({ path, object }) => ({ path, kind: object.kind, name: object.metadata.name, object }));
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

  it("lets only the group that docs/tenancy.md names write the label of a tenant", async () => {
    const groups = ["tenants", "acme:platform"];
    await apply([
      {
        kind: "ClusterRole",
        metadata: { name: "namespaces" },
        rules: [{ apiGroups: [""], resources: ["namespaces", "namespaces/status"], verbs: ["create", "patch"] }],
      },
      {
        kind: "ClusterRoleBinding",
        metadata: { name: "namespaces" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "namespaces" },
        subjects: groups.map((name) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name })),
      },
      ...shownIn("docs/tenancy.md", ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]),
    ]);
    const body = { metadata: { labels: { "acme.io/tenant": "blue" } } };
    const change = async (group: string, path: string): Promise<number> =>
      (await ask("PATCH", `${path}?dryRun=All`, { body, group })).status;
    await eventually(
      "the policy is in force",
      async () => (await change("tenants", "/api/v1/namespaces/team-a")) === 422,
    );
    expect(await change("tenants", "/api/v1/namespaces/team-a/status")).toBe(422);
    expect(await change("acme:platform", "/api/v1/namespaces/team-a")).toBe(200);
    const created = { metadata: { name: "team-new", ...body.metadata } };
    expect((await ask("POST", "/api/v1/namespaces?dryRun=All", { body: created, group: "tenants" })).status).toBe(422);
    const other = { metadata: { labels: { "acme.io/other": "red" } } };
    expect((await ask("PATCH", "/api/v1/namespaces/team-a?dryRun=All", { body: other, group: "tenants" })).status).toBe(
      200,
    );
  });
});
