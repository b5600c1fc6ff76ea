// Plans the status of a RegistryCredential: its entries, its namespaces, its failures in groups; and what is told of a spec that cannot be read.
import type { ConditionType } from "../../api/conditions.ts";
import { worstState } from "../../api/entry-states.ts";
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
import { type EntryView, type GrantView, lacksToken, type StatusSnapshot } from "./plan-types.ts";

export function statusOf(snapshot: StatusSnapshot): Status {
  const { credential, reported, now, entries, namespaces, leaving, secretName, retiring, extraReferences, mode } =
    snapshot;
  const { selected, pending, failed } = namespaces;
  const counts = { selected, ready: selected - failed - pending, pending, failed };
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
        [
          ...namespaces.reported.map(({ name, failures, notes }) => ({ name, troubles: [...failures, ...notes] })),
          ...leaving,
        ],
        reported.since,
      ),
    ],
    retiring: [...retiring],
    mode,
  };
}

/** By entry: which namespaces live by a login of before. Since when is read back, so that a restart changes nothing. */
function formerOf(
  { credential, reported, namespaces, now }: StatusSnapshot,
  { pending }: NonNullable<Status["namespaces"]>,
): (entry: string) => RegistryStatus["former"] {
  const formers = Map.groupBy(
    namespaces.reported.flatMap((each) => each.formers ?? []),
    ({ entry }) => entry,
  );
  return (entry) => {
    const before = reported.status?.registries?.find(({ name }) => name === entry)?.former;
    const found = formers.get(entry) ?? [];
    // Who has not been looked at yet lives as before.
    if (found.length === 0) return pending > 0 ? before : undefined;
    // That a first token takes a moment is no news.
    if (!before && found.every((each) => each.pending)) return undefined;
    const ends = found.flatMap(({ until }) => (until ? [until] : []));
    return {
      since: timeText(believedTime(before?.since ?? "", credential.creationTimestamp, now) ?? now),
      ...(ends.length > 0 && { until: timeText(earliestInstant(ends)) }),
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
  return { expires: times.length > 0 ? timeText(earliestInstant(times)) : "never" };
}

// As the schema bounds it: src/api/status-schema.ts.
const longestEntryMessage = 1024;

/** The earliest times and the worst state. */
function registryStatus(
  { name, grants }: EntryView,
  now: Temporal.Instant,
  former: RegistryStatus["former"],
): RegistryStatus {
  const failing = grants.filter(({ failure }) => failure !== undefined);
  const worst = firstInWords(failing.filter((grant) => lacksToken(grant, now))) ?? firstInWords(failing);
  const expiries = grants.flatMap(({ token }) => (token?.expiresAt ? [token.expiresAt] : []));
  const issues = grants.flatMap(({ token }) => (token ? [token.issuedAt] : []));
  return {
    name,
    identities: grants.length,
    failing: failing.length,
    ...(expiries.length > 0 && { expiresAt: timeText(earliestInstant(expiries)) }),
    ...(issues.length > 0 && { refreshedAt: timeText(earliestInstant(issues)) }),
    state: worstState(grants.map((grant) => stateOf(grant, now))),
    ...(worst?.failure && { reason: worst.failure.reason, message: textWithSteps(worst.failure, longestEntryMessage) }),
    ...(former && { former }),
  };
}

/** Of several that fail the same is told whichever was asked last: a restart asks them in another order. */
function firstInWords(failing: readonly GrantView[]): GrantView | undefined {
  const wordsOf = ({ failure }: GrantView): string => failure?.message ?? "";
  let first: GrantView | undefined;
  for (const each of failing) if (!first || wordsOf(each) < wordsOf(first)) first = each;
  return first;
}

function stateOf(grant: GrantView, now: Temporal.Instant): RegistryStatus["state"] {
  const { token, failure } = grant;
  if (token && lacksToken(grant, now)) return "Expired";
  if (failure) return "Failing";
  return token?.state ?? "Pending";
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
