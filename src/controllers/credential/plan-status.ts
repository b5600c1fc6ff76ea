// Plans the status of a RegistryCredential: its entries, its namespaces, its failures in groups; and what is told of a spec that cannot be read.
import type { ConditionType } from "../../api/conditions.ts";
import type { Condition, RegistryStatus, Status } from "../../api/registry-credential.ts";
import { giveUp } from "../../cluster/install-steps.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import { conditionsOf, longestMessage } from "./plan-conditions.ts";
import { failureGroups } from "./plan-failure-groups.ts";
import { believedTime } from "./plan-status-text.ts";
import { earliestInstant, timeText } from "../../runtime/time-text.ts";
import type { EntryView, StatusSnapshot } from "./plan-types.ts";

export function statusOf(snapshot: StatusSnapshot): Status {
  const { credential, reported, entries, namespaces, secretName, retiring, extraReferences, mode } = snapshot;
  const { selected, pending, failed } = namespaces;
  const counts = { selected, ready: selected - failed - pending, pending, failed };
  const former = formerOf(snapshot, counts);
  const registries = entries.map((entry) => registryStatus(entry, former(entry.name)));
  return {
    observedGeneration: credential.generation,
    conditions: [...conditionsOf(snapshot, registries, counts)],
    registries,
    namespaces: counts,
    namespacesReady: `${counts.ready}/${counts.selected}`,
    ...expiresOf(snapshot, registries),
    ...(secretName !== undefined && { secretName }),
    ...(extraReferences.length > 0 && { extraReferences: [...extraReferences] }),
    failures: [...failureGroups(namespaces.troubled, reported.since)],
    retiring: [...retiring],
    mode,
  };
}

/** By entry: which namespaces live by a login of before. Since when is read back, so that a restart changes nothing. */
function formerOf(
  { credential, reported, namespaces, now }: StatusSnapshot,
  { pending }: NonNullable<Status["namespaces"]>,
): (entry: string) => RegistryStatus["former"] {
  return (entry) => {
    const before = reported.status?.registries?.find(({ name }) => name === entry)?.former;
    const found = namespaces.formers.find((each) => each.entry === entry);
    // Who has not been looked at yet lives as before.
    if (!found) return pending > 0 ? before : undefined;
    // That a first token takes a moment is no news.
    if (!before && found.pending) return undefined;
    return {
      since: timeText(believedTime(before?.since ?? "", credential.creationTimestamp, now) ?? now),
      ...(found.until && { until: timeText(found.until) }),
      namespaces: found.namespaces,
    };
  };
}

/** Nothing while there is no token: "never" would be read as good news. */
function expiresOf({ entries }: StatusSnapshot, registries: readonly RegistryStatus[]): Pick<Status, "expires"> {
  const formers = registries.flatMap(({ former }) => (former ? [former] : []));
  if (formers.length === 0 && entries.every(({ tokens }) => tokens === 0)) return {};
  const times = [
    ...entries.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt] : [])),
    // Of the status as it was told before, which others may have written.
    ...formers.flatMap(({ until }) => timeOfText(until ?? "") ?? []),
  ];
  return { expires: times.length > 0 ? timeText(earliestInstant(times)) : "never" };
}

// As the schema bounds it: src/api/status-schema.ts.
const longestEntryMessage = 1024;

/** The earliest times and the worst state. */
function registryStatus(
  { name, identities, failing, state, worst, expiresAt, refreshedAt }: EntryView,
  former: RegistryStatus["former"],
): RegistryStatus {
  return {
    name,
    identities,
    failing,
    ...(expiresAt && { expiresAt: timeText(expiresAt) }),
    ...(refreshedAt && { refreshedAt: timeText(refreshedAt) }),
    state,
    ...(worst && { reason: worst.reason, message: textWithSteps(worst, longestEntryMessage) }),
    ...(former && { former }),
  };
}

// When an object was made that cannot be read is not known.
const earliestTime = Temporal.Instant.fromEpochMilliseconds(0);

/** What was served goes on, and a person must mend the spec. */
export function invalidStatus(record: CredentialRecord, now: Temporal.Instant): Status {
  const { name, generation, problems, deleting } = record;
  const waits = deleting ? ", so its deletion waits for a spec that can be read" : "";
  const message = textWithSteps(
    {
      message: `the spec cannot be read, and tenants keep what they had${waits}: ${foreignText(problems.join("; "), longestMessage)}`,
      steps: deleting ? [{ message: "to leave with them what they have", command: giveUp(name) }] : [],
    },
    longestMessage,
  );
  const sinceOf = (type: ConditionType, status: "True" | "False"): Temporal.Instant | undefined => {
    const before = record.status?.conditions?.find((each) => each.type === type && each.status === status);
    return before && believedTime(before.lastTransitionTime, earliestTime, now);
  };
  const condition = (type: ConditionType, status: "True" | "False"): Condition => ({
    type,
    status,
    reason: "InvalidSpec",
    message,
    observedGeneration: generation,
    lastTransitionTime: timeText(sinceOf(type, status) ?? now),
  });
  return { observedGeneration: generation, conditions: [condition("Ready", "False"), condition("Stalled", "True")] };
}
