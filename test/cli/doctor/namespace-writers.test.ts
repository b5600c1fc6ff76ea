// Tests of finding whom RBAC lets change Namespaces without being an administrator of RegistryCredentials.
import { describe, expect, it } from "vitest";
import { writersIn } from "../../../src/cli/doctor/namespace-writers.ts";

const role = (
  name: string,
  resources: string[],
  verbs: string[],
  { namespace, group = "" }: { namespace?: string; group?: string } = {},
) => ({
  metadata: { name, ...(namespace && { namespace }) },
  rules: [{ apiGroups: [group], resources, verbs }],
});
const binding = (roleName: string, subject: string, namespace?: string, kind = "ClusterRole") => ({
  metadata: { name: roleName, ...(namespace && { namespace }) },
  roleRef: { kind, name: roleName },
  subjects: [{ kind: "Group", name: subject }],
});

describe("who may change Namespaces", () => {
  const writer = role("writer", ["namespaces"], ["patch"]);

  it("is told by cluster-wide bindings", () => {
    expect(writersIn([writer], [binding("writer", "tenants")]).subjects).toEqual(["Group tenants"]);
  });

  it.each([
    ["create", "namespaces"],
    ["update", "namespaces/status"],
    ["update", "namespaces/finalize"],
    ["*", "*"],
  ])("may %s %s", (verb, resource) => {
    expect(writersIn([role("writer", [resource], [verb])], [binding("writer", "tenants")]).subjects).toEqual([
      "Group tenants",
    ]);
  });

  it.each([
    ["get", "namespaces"],
    ["delete", "namespaces"],
    ["patch", "pods"],
  ])("is not who may %s %s", (verb, resource) => {
    expect(writersIn([role("writer", [resource], [verb])], [binding("writer", "tenants")]).subjects).toEqual([]);
  });

  it("is told by a RoleBinding, for its Namespace: Kubernetes asks for the right in there", () => {
    const own = role("own", ["*"], ["*"], { namespace: "team-a", group: "*" });
    const bindings = [binding("writer", "b", "team-b"), binding("own", "a", "team-a", "Role")];
    expect(writersIn([writer, own], bindings)).toEqual({
      subjects: ["Group a (Namespace team-a)", "Group b (Namespace team-b)"],
      administrators: [],
    });
  });

  it("leaves out who may update RegistryCredentials everywhere, and the cluster's own controllers", () => {
    const administrator = role("admin", ["registrycredentials"], ["update"], { group: "regcred.dev" });
    const controller = {
      ...binding("writer", ""),
      subjects: [{ kind: "ServiceAccount", name: "c", namespace: "kube-system" }],
    };
    expect(
      writersIn([writer, administrator], [binding("writer", "platform"), binding("admin", "platform"), controller]),
    ).toEqual({ subjects: [], administrators: ["Group platform"] });
  });

  it("knows a ServiceAccount by the binding's namespace where the subject has none", () => {
    const bound = { ...binding("writer", "", "ci"), subjects: [{ kind: "ServiceAccount", name: "deployer" }] };
    expect(writersIn([writer], [bound]).subjects).toEqual(["ServiceAccount ci/deployer (Namespace ci)"]);
  });

  it("passes over a binding to a role that is not there", () => {
    expect(writersIn([], [binding("gone", "tenants")])).toEqual({ subjects: [], administrators: [] });
  });
});
