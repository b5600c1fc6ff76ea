// What does the status of a RegistryCredential say?
import type { Status } from "../api/registry-credential.ts";
import { conditionsOf } from "./conditions.ts";
import { failureGroups } from "./failure-groups.ts";
import { registryStatus } from "./registry-status.ts";
import type { NamespaceView, StatusSnapshot } from "./status-snapshot.ts";
import { earliest, timeText } from "./status-text.ts";

export function statusOf(snapshot: StatusSnapshot): Status {
  const { credential, now, entries, namespaces, secretName, retiring, extraReferences, mode } = snapshot;
  const registries = entries.map((entry) => registryStatus(entry, now));
  const counts = countsOf(namespaces);
  return {
    observedGeneration: credential.generation,
    conditions: [...conditionsOf(snapshot, registries, counts)],
    registries,
    namespaces: counts,
    namespacesReady: `${counts.ready}/${counts.selected}`,
    ...expiresOf(snapshot),
    ...(secretName !== undefined && { secretName }),
    ...(extraReferences.length > 0 && { extraReferences: [...extraReferences] }),
    failures: [
      ...failureGroups(namespaces.map(({ name, failures, notes }) => ({ name, troubles: [...failures, ...notes] }))),
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

/** Nothing while there is no token: "never" would be read as good news. */
function expiresOf({ entries }: StatusSnapshot): Pick<Status, "expires"> {
  const tokens = entries.flatMap(({ grants }) => grants.flatMap(({ token }) => (token ? [token] : [])));
  if (tokens.length === 0) return {};
  const times = tokens.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt] : []));
  return { expires: times.length > 0 ? timeText(earliest(times)) : "never" };
}
