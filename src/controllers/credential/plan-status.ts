// The status of a RegistryCredential.
import type { RegistryStatus, Status } from "../../api/registry-credential.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import { conditionsOf } from "./plan-conditions.ts";
import { failureGroups } from "./plan-failure-groups.ts";
import { registryStatus } from "./plan-registry-status.ts";
import type { NamespaceView, StatusSnapshot } from "./status-snapshot.ts";
import { earliest, timeText } from "./plan-status-text.ts";
import { believedTime } from "./plan-reported-status.ts";

export function statusOf(snapshot: StatusSnapshot): Status {
  const { credential, told, now, entries, namespaces, leaving, secretName, retiring, extraReferences, mode } = snapshot;
  const counts = countsOf(namespaces);
  const former = formerOf(snapshot, counts);
  const registries = entries.map((entry) => registryStatus(entry, now, former(entry.name)));
  return {
    observedGeneration: credential.generation,
    conditions: [...conditionsOf(snapshot, registries, counts)],
    registries,
    namespaces: counts,
    namespacesReady: `${counts.ready}/${counts.selected}`,
    ...expiresOf(snapshot, registries),
    ...(secretName !== undefined && { secretName }),
    ...(extraReferences.length > 0 && { extraReferences: [...extraReferences] }),
    failures: [
      ...failureGroups(
        [...namespaces.map(({ name, failures, notes }) => ({ name, troubles: [...failures, ...notes] })), ...leaving],
        told.since,
      ),
    ],
    retiring: [...retiring],
    mode,
  };
}

function countsOf(namespaces: readonly NamespaceView[]): NonNullable<Status["namespaces"]> {
  const failed = namespaces.filter(({ failures }) => failures.length > 0).length;
  const pending = namespaces.filter((view) => view.pending && view.failures.length === 0).length;
  return { selected: namespaces.length, ready: namespaces.length - failed - pending, pending, failed };
}

/** By entry: which namespaces live by a login of before. Since when is read back, so that a restart changes nothing. */
function formerOf(
  { credential, told, namespaces, now }: StatusSnapshot,
  { pending }: NonNullable<Status["namespaces"]>,
): (entry: string) => RegistryStatus["former"] {
  const formers = Map.groupBy(
    namespaces.flatMap((each) => each.formers ?? []),
    ({ entry }) => entry,
  );
  return (entry) => {
    const before = told.status?.registries?.find(({ name }) => name === entry)?.former;
    const found = formers.get(entry) ?? [];
    // Who has not been looked at yet lives as before.
    if (found.length === 0) return pending > 0 ? before : undefined;
    // That a first token takes a moment is no news.
    if (!before && found.every((each) => each.pending)) return undefined;
    const ends = found.flatMap(({ until }) => (until ? [until] : []));
    return {
      since: timeText(believedTime(before?.since ?? "", credential.creationTimestamp, now) ?? now),
      ...(ends.length > 0 && { until: timeText(earliest(ends)) }),
      namespaces: found.length,
    };
  };
}

/** Nothing while there is no token: "never" would be read as good news. */
function expiresOf({ entries }: StatusSnapshot, registries: readonly RegistryStatus[]): Pick<Status, "expires"> {
  const tokens = entries.flatMap(({ grants }) => grants.flatMap(({ token }) => (token ? [token] : [])));
  const formers = registries.flatMap(({ former }) => (former ? [former] : []));
  if (tokens.length + formers.length === 0) return {};
  const times = [
    ...tokens.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt] : [])),
    // Of the status as it was told before, which others may have written.
    ...formers.flatMap(({ until }) => timeOfText(until ?? "") ?? []),
  ];
  return { expires: times.length > 0 ? timeText(earliest(times)) : "never" };
}
