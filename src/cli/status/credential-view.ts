// The report on a RegistryCredential that `kubectl regcred status` prints, and gives to machines.
import { timeOf } from "../terminal/time-left.ts";
import { conditionOf, conditions, isBad, isConditionType } from "../../api/conditions.ts";
import type { RegistryCredential, RegistryStatus } from "../../api/registry-credential.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { seeWhetherItRuns } from "../terminal/sentences.ts";

/** One entry. Times are RFC 3339. */
export interface EntryReport {
  readonly name: string;
  readonly provider: string;
  readonly hosts: readonly string[];
  readonly state: RegistryStatus["state"];
  readonly identities: number;
  readonly failing: number;
  readonly refreshedAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  /** Negative when it is over. */
  readonly secondsLeft?: number;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** It was altered, and has no token yet as it is now, or none that fits: namespaces keep the login of before. */
  readonly former?: RegistryStatus["former"];
}

/** What `-o json` prints for each RegistryCredential: fields are added, never renamed. */
export interface CredentialReport {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** The operator has seen the object as it is now. */
  readonly observed: boolean;
  readonly secretName?: string;
  readonly namespaces: {
    readonly selected: number;
    readonly ready: number;
    readonly pending: number;
    readonly failed: number;
  };
  readonly entries: readonly EntryReport[];
  readonly failures: readonly {
    readonly reason: string;
    readonly cause: string;
    readonly count: number;
    readonly oldestSince: string;
    readonly examples: readonly string[];
  }[];
  /** Conditions beside Ready that need a look: type, reason and message. */
  readonly warnings: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
}

const noNamespaces = { selected: 0, ready: 0, pending: 0, failed: 0 };

export function credentialReport(record: CredentialRecord, now: Temporal.Instant): CredentialReport {
  const { credential, name } = record;
  if (!credential) {
    return {
      name,
      ready: false,
      reason: "InvalidSpec",
      message: record.problems.join("; "),
      observed: false,
      namespaces: noNamespaces,
      entries: [],
      failures: [],
      warnings: [],
    };
  }
  const { status, spec } = credential;
  const ready = conditionOf(status, "Ready");
  const observed = status?.observedGeneration === record.generation;
  return {
    name,
    ready: ready?.status === "True" && observed,
    ...readyMessage(ready, observed, record),
    observed,
    secretName: spec.pullSecret.name,
    namespaces: status?.namespaces ?? noNamespaces,
    entries: spec.registries.map((entry) => entryReport(entry, status?.registries, now)),
    failures: status?.failures ?? [],
    warnings: (status?.conditions ?? [])
      .filter((condition) => isBad(condition) && isConditionType(condition.type) && conditions[condition.type].inStatus)
      // Stalled and TokensFresh often repeat what Ready says.
      .filter(
        ({ message }, index, all) =>
          message !== ready?.message && all.findIndex((each) => each.message === message) === index,
      )
      .map(({ type, reason, message }) => ({ type, reason, message })),
  };
}

type Ready = NonNullable<NonNullable<RegistryCredential["status"]>["conditions"]>[number] | undefined;

function readyMessage(
  ready: Ready,
  observed: boolean,
  { generation, credential }: CredentialRecord,
): Pick<CredentialReport, "reason" | "message"> {
  const notRunning = (what: string): string =>
    `${what}: if that lasts for more than some seconds, ${seeWhetherItRuns(credential?.status?.operatorNamespace)}`;
  if (!ready) return { reason: "Unobserved", message: notRunning("the operator has not looked at it yet") };
  if (observed) return { reason: ready.reason, message: ready.message };
  const seen = credential?.status?.observedGeneration ?? 0;
  return {
    reason: "Unobserved",
    message: notRunning(`the operator has not looked at change ${generation}, only at change ${seen}`),
  };
}

function entryReport(
  { name, provider, hosts }: RegistryCredential["spec"]["registries"][number],
  statuses: NonNullable<RegistryCredential["status"]>["registries"],
  now: Temporal.Instant,
): EntryReport {
  const found = statuses?.find((each) => each.name === name);
  if (!found) return { name, provider, hosts, state: "Pending", identities: 0, failing: 0 };
  const until = timeOf(found.expiresAt);
  return {
    ...found,
    provider,
    hosts,
    ...(until && { secondsLeft: Math.round(now.until(until).total("seconds")) }),
  };
}
