// Tests that stuck pods are queued whenever what they wait for has come.
import { contextOf } from "../context-of.ts";
import { expect, it } from "vitest";
import { podsWatches } from "../../../src/controllers/pod-recovery/watches.ts";
import { listeners } from "../../../src/runtime/watch/listeners.ts";
import { namespace, pod, serviceAccount } from "../../entitlement/objects.ts";

const thrown = (error: unknown): never => {
  throw error;
};

type Watched = "credentials" | "namespaces" | "serviceAccounts" | "pods";

/** Keys that a change asks for, where pods are stuck in these namespaces. */
function keysOf(of: Watched, change: object, stuck: readonly string[]): readonly string[] {
  const pods = stuck.map((each) => pod({ namespace: each }));
  const stores = {
    credentials: listeners<object>(thrown),
    namespaces: listeners<object>(thrown),
    serviceAccounts: listeners<object>(thrown),
    pods: {
      ...listeners<object>(thrown),
      values: () => pods,
      byIndex: (name: string) => pods.filter((each) => each.namespace === name),
    },
  };
  const keys: string[] = [];
  for (const each of podsWatches(contextOf({ cluster: { stores } })))
    each.follow((requests) => keys.push(...[...requests].map(({ key }) => key)));
  stores[of].tell(change);
  return keys;
}

const [before, after] = [namespace(), namespace({ resourceVersion: "2" })];

it.each<[string, Watched, object, readonly string[], readonly string[]]>([
  ["a RegistryCredential changes", "credentials", {}, ["team-a", "team-b", "team-a"], ["pods/team-a", "pods/team-b"]],
  [
    "their ServiceAccounts change",
    "serviceAccounts",
    { after: serviceAccount() },
    ["team-a", "team-b"],
    ["pods/team-a"],
  ],
  ["others' ServiceAccounts change", "serviceAccounts", { after: serviceAccount() }, ["team-b"], []],
  ["a ServiceAccount goes", "serviceAccounts", { before: serviceAccount() }, ["team-a"], []],
  ["one more is stuck", "pods", { after: pod() }, [], ["pods/team-a"]],
  ["one is gone", "pods", { before: pod() }, ["team-a"], []],
  ["their Namespace is heard of after them", "namespaces", { after }, ["team-a"], ["pods/team-a"]],
  ["another Namespace is heard of", "namespaces", { after }, ["team-b"], []],
  ["their Namespace changes", "namespaces", { before, after }, ["team-a"], []],
  ["their Namespace goes", "namespaces", { before }, ["team-a"], []],
])("when %s", (_what, of, change, stuck, keys) => {
  expect(keysOf(of, change, stuck)).toEqual(keys);
});
