// Tests that watches, stores and needed rights follow from the table of kinds, and fit the rights that the install brings.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { clusterStores } from "../../src/cluster/cluster-stores.ts";
import { clusterWatches } from "../../src/cluster/cluster-watches.ts";
import type { Install } from "../../src/cluster/install-mode.ts";
import { kindNames, kinds } from "../../src/cluster/kinds.ts";
import { neededPermissions, type Permission } from "../../src/cluster/needed-permissions.ts";
import type { Watched } from "../../src/runtime/client/list-watch.ts";
import { fakeClock } from "../fake-clock.ts";
import { unrestricted } from "../mode.ts";

const install: Install = { namespace: "regcred-system", sourceNamespaces: ["vault"], mode: unrestricted };
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

function watchedIn(changed: Partial<Install>): readonly string[] {
  const asked: Watched[] = [];
  const known = clusterStores(log, "0.0.0");
  clusterWatches({
    ...known,
    settings: { ...install, ...changed, maxConfigBytes: 65_536 },
    listWatch: (watched) => {
      asked.push(watched);
      return { list: () => new Promise(() => undefined), watch: () => new Promise(() => undefined) as never };
    },
    clock: fakeClock(),
    random: () => 0,
    log,
    observe: silent,
    onSecretsChanged: silent,
    onPermissions: silent,
  });
  return asked.map(({ path, query = {} }) => [path, ...Object.values(query)].join(" "));
}

describe("what is watched", () => {
  it("is each kind once, in all namespaces, and Secrets where sources may be", () => {
    expect(watchedIn({})).toEqual([
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions metadata.name=registrycredentials.regcred.dev",
      "/apis/regcred.dev/v1alpha1/registrycredentials",
      "/api/v1/namespaces",
      "/api/v1/serviceaccounts",
      "/api/v1/namespaces/regcred-system/secrets",
      "/api/v1/namespaces/vault/secrets regcred.dev/source=true",
    ]);
  });

  it("is seen in the listed namespaces only where the install lists some, and in the operator's own", () => {
    const watched = watchedIn({ mode: { ...unrestricted, watchNamespaces: ["team-a"], podRecovery: true } });
    expect(watched.filter((path) => /serviceaccounts|pods/.test(path))).toEqual([
      "/api/v1/namespaces/regcred-system/serviceaccounts",
      "/api/v1/namespaces/team-a/serviceaccounts",
      "/api/v1/namespaces/team-a/pods status.phase=Pending",
    ]);
  });

  it("holds pods only where they may be evicted", () => {
    expect(watchedIn({ mode: { ...unrestricted, podRecovery: true } })).toContain("/api/v1/pods status.phase=Pending");
    expect(watchedIn({}).join()).not.toContain("pods");
  });

  it("fills a store of its kind, by a transform of the name that its row gives", () => {
    const { stores, transforms } = clusterStores(log, "0.0.0");
    expect(Object.keys(stores)).toEqual(kindNames);
    expect(Object.keys(transforms)).toEqual(kindNames.map((name) => kinds[name].one));
  });

  it("is indexed by namespace, and bounded, where tenants make as many as they like of it", () => {
    const bounded = kindNames.filter((name) => kinds[name].store?.share !== undefined);
    expect(bounded).toEqual(["serviceAccounts", "pods"]);
    expect(bounded.filter((name) => kinds[name].store?.indexBy === undefined)).toEqual([]);
  });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly (string | undefined)[];
  readonly verbs: readonly string[];
}

/** What config/rbac grants, a right a line; with the operator's namespace where a Role does. */
function granted(): readonly string[] {
  return ["cluster-role", "role", "tenants"].flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, `../../config/rbac/${file}.yaml`), "utf8");
    return parseAllDocuments(text).flatMap((document) => {
      const { kind, rules = [] } = document.toJS() as { readonly kind: string; readonly rules?: readonly Rule[] };
      const place = kind === "Role" ? { namespace: "regcred-system" } : {};
      return rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) =>
              resourceNames.map((name) =>
                textOf({ verb, group, resource, ...place, ...(name !== undefined && { name }) }),
              ),
            ),
          ),
        ),
      );
    });
  });
}

function textOf({ verb, group, resource, namespace = "*", name = "*" }: Permission): string {
  return `${verb} ${resource}.${group} ${namespace}/${name}`;
}

describe("the needed rights", () => {
  const needed = neededPermissions({ ...install, sourceNamespaces: [], leaderElection: true }, [
    "goes on",
    "waits",
    "fails",
  ]);

  it("are those of config/rbac, and no right is granted that nothing needs", () => {
    // To create Secrets is granted for the whole cluster; for a tenant's consent one of its own ServiceAccounts' tokens is asked.
    const elsewhere = ["create secrets. regcred-system/*"];
    const onDemand = ["create serviceaccounts/token. regcred-system/*"];
    expect(
      needed
        .map(textOf)
        .filter((right) => !elsewhere.includes(right))
        .toSorted(),
    ).toEqual(
      granted()
        .filter((right) => !onDemand.includes(right))
        .toSorted(),
    );
  });

  it("that are missed are one of three: the start fails, references wait, or an older kind is not told", () => {
    const withoutRights = Object.groupBy(kindNames, (name) => kinds[name].withoutRights);
    expect(withoutRights["goes on"]).toEqual(["crds"]);
    expect(withoutRights.waits).toEqual(["serviceAccounts"]);
  });
});
