// Tests that the doctor finds an install under the names that the chart's values have given it.
import { expect, it } from "vitest";
import { defaultNames, type InstallNames, installNames } from "../../../src/cli/doctor/install-names.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import type { Session } from "../../../src/cli/session.ts";

interface Bound {
  readonly name: string;
  readonly account: string;
  readonly namespace?: string;
}

const bindings = (bound: readonly Bound[]): readonly object[] =>
  bound.map(({ name, account, namespace = "images" }) => ({
    metadata: { name },
    roleRef: { kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name: account, namespace }],
  }));

const namesOf = (list: () => Promise<readonly object[]>): Promise<InstallNames> =>
  installNames({ objects: { list } as unknown as Session["objects"], operatorNamespace: "images" });

it.each<[string, readonly Bound[], InstallNames]>([
  ["nothing is installed", [], defaultNames],
  ["the default names", [{ name: "regcred", account: "regcred" }], defaultNames],
  [
    "names and a ServiceAccount of one's own, whichever binding comes first",
    [
      { name: "puller-tenants", account: "bot" },
      { name: "puller-metrics-access", account: "bot" },
      { name: "puller", account: "bot" },
      { name: "puller-drain", account: "puller-drain" },
    ],
    { prefix: "puller", serviceAccount: "bot" },
  ],
  [
    "another install in another namespace",
    [
      { name: "a", account: "a", namespace: "elsewhere" },
      { name: "regcred-2", account: "regcred-2" },
    ],
    { prefix: "regcred-2", serviceAccount: "regcred-2" },
  ],
  ["only the right of an uninstall that failed", [{ name: "puller-drain", account: "puller-drain" }], defaultNames],
])("where there is %s", async (_, bound, names) => {
  expect(await namesOf(async () => bindings(bound))).toEqual(names);
});

it("whoever may not list bindings is told of the default names", async () => {
  const forbidden = async (): Promise<never> => {
    throw new ApiError({ kind: "forbidden", message: "no", details: { causes: [] } });
  };
  expect(await namesOf(forbidden)).toEqual(defaultNames);
});
