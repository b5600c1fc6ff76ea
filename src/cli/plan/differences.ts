// Differences between the namespaces before and after.
import type { SecretObject, ServiceAccountObject } from "../../cluster/cluster-api.ts";
import { shownEntries } from "../../cluster/entries-annotation.ts";
import type { InMemoryCluster } from "./in-memory-cluster.ts";

export interface SecretChange {
  readonly namespace: string;
  readonly secret: string;
  readonly what: "create" | "change" | "delete";
  /** That it gets, and that it loses. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

export interface AccountChange {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface Differences {
  readonly secrets: readonly SecretChange[];
  readonly accounts: readonly AccountChange[];
}

export type Remembered = Pick<InMemoryCluster, "secrets" | "serviceAccounts">;

/** Objects are replaced, never changed, so two maps are enough. */
export function remembered({ secrets, serviceAccounts }: Remembered): Remembered {
  return { secrets: new Map(secrets), serviceAccounts: new Map(serviceAccounts) };
}

export function differences(before: Remembered, after: Remembered): Differences {
  const keys = new Set([...before.secrets.keys(), ...after.secrets.keys()]);
  return {
    secrets: [...keys].toSorted().flatMap((key) => secretChange(key, before.secrets.get(key), after.secrets.get(key))),
    accounts: [...after.serviceAccounts]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([key, account]) => accountChange(key, before.serviceAccounts.get(key), account)),
  };
}

function secretChange(key: string, before: SecretObject | undefined, after: SecretObject | undefined): SecretChange[] {
  if (before === after) return [];
  const [namespace = "", secret = ""] = key.split("/");
  const [had, has] = [hostsOf(before), hostsOf(after)];
  return [
    {
      namespace,
      secret,
      what: before ? (after ? "change" : "delete") : "create",
      gained: has.filter((host) => !had.includes(host)),
      lost: had.filter((host) => !has.includes(host)),
    },
  ];
}

function hostsOf(secret: SecretObject | undefined): readonly string[] {
  return (shownEntries(secret?.metadata.annotations ?? {}) ?? []).flatMap(({ hosts }) => hosts).toSorted();
}

function accountChange(
  key: string,
  before: ServiceAccountObject | undefined,
  after: ServiceAccountObject,
): AccountChange[] {
  if (before === after) return [];
  const [namespace = "", serviceAccount = ""] = key.split("/");
  const [had, has] = [namesIn(before), namesIn(after)];
  const added = has.filter((name) => !had.includes(name));
  const removed = had.filter((name) => !has.includes(name));
  return added.length + removed.length > 0 ? [{ namespace, serviceAccount, added, removed }] : [];
}

function namesIn(account: ServiceAccountObject | undefined): readonly string[] {
  return (account?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
}
