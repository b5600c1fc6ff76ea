// Tests that the doctor checks every Namespace label that chooses a login, whether by placeholder or by selector.
import { describe, expect, it } from "vitest";
import { labelsAreGuarded } from "../../../src/cli/doctor/labels.ts";
import { defaultNames, type Named } from "../../../src/cli/doctor/install-names.ts";
import type { Session } from "../../../src/cli/session.ts";
import { resources } from "../../../src/cluster/resources.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";

const tenants = [
  { metadata: { name: "writers" }, rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["patch"] }] },
];
const bindings = [
  {
    metadata: { name: "writers" },
    roleRef: { kind: "ClusterRole", name: "writers" },
    subjects: [{ kind: "Group", name: "tenants" }],
  },
];

/** A cluster without policies, in which the group tenants may change Namespaces. */
const session = {
  names: defaultNames,
  objects: {
    list: async (kind: unknown) => {
      if (kind === resources.clusterRoles) return tenants;
      return kind === resources.clusterRoleBindings ? bindings : [];
    },
  },
} as unknown as Session & Named;

const recordOf = (spec: object): CredentialRecord =>
  ({ credential: { spec: { registries: [], namespaces: {}, ...spec } } }) as unknown as CredentialRecord;

const reported = async (...specs: readonly object[]): Promise<readonly string[]> =>
  (await labelsAreGuarded(session, specs.map(recordOf))).map(({ state, message }) => `${state}: ${message}`);

describe("labels that choose a login", () => {
  it("are those of placeholders and of selectors, each once", async () => {
    const selector = {
      matchLabels: { "acme.io/pull": "yes" },
      matchExpressions: [{ key: "acme.io/tier", operator: "Exists" }],
    };
    const registries = [{ static: { secretName: "pull-$(namespace.labels['acme.io/tenant'])" } }];
    expect(await reported({ namespaces: { selector }, registries }, { namespaces: { selector } })).toEqual([
      "bad: no admission policy guards acme.io/pull, acme.io/tier, acme.io/tenant, and who may change a Namespace chooses its login: Group tenants",
    ]);
  });

  it("are not the name of the Namespace, which the API server sets itself", async () => {
    const selector = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["a"] }] };
    expect(await reported({ namespaces: { selector } })).toEqual([
      "well: no credential selects by a Namespace's label, or takes a value from one",
    ]);
  });
});
