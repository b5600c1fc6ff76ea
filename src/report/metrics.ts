// What can be counted and timed about the operator? In its own registry, with as many series as credentials have entries.
import { Gauge, Registry } from "prom-client";
import type { RegistryStatus, Status } from "../api/registry-credential.ts";

export interface Metrics {
  /** What a credential's status says now, also where it says what it said before: after a restart nothing is known. */
  publishStatus(credential: string, status: Status): void;
  /** The credential is gone. */
  forget(credential: string): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

// Names and units as https://prometheus.io/docs/practices/naming/ has them; times are absolute, so that no value ages
// between two looks at a credential: https://prometheus.io/docs/practices/instrumentation/#timestamps-not-time-since
export function metrics(): Metrics {
  const registry = new Registry();
  const statuses = new Map<string, Status>();

  /** Made of the statuses anew at each scrape, so that no series outlives its entry. */
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    samplesOf: (credential: string, status: Status) => readonly Sample<Label>[],
  ): void => {
    const made = new Gauge<Label>({
      name,
      help,
      labelNames,
      registers: [],
      collect: () => {
        made.reset();
        for (const [credential, status] of statuses) {
          for (const { labels, value } of samplesOf(credential, status)) made.set(labels, value);
        }
      },
    });
    registry.registerMetric(made);
  };

  gauge(
    "regcred_token_expiration_timestamp_seconds",
    "When the first of the entry's tokens ends, as Unix time. Absent where none does.",
    ["credential", "entry"],
    (credential, status) => times(credential, status, ({ expiresAt }) => expiresAt),
  );
  gauge(
    "regcred_token_refresh_timestamp_seconds",
    "When the oldest of the entry's tokens was issued, as Unix time. Absent while there is none.",
    ["credential", "entry"],
    (credential, status) => times(credential, status, ({ refreshedAt }) => refreshedAt),
  );
  gauge(
    "regcred_token_failing_grants",
    "How many of the entry's grants could not be renewed at the last attempt, with the reason of the worst.",
    ["credential", "entry", "reason"],
    (credential, { registries = [] }) =>
      registries.map(({ name: entry, failing, reason = "" }) => ({
        labels: { credential, entry, reason },
        value: failing,
      })),
  );
  gauge(
    "regcred_namespaces",
    "Namespaces by how they are served; selected is the sum of ready, pending and failed.",
    ["credential", "state"],
    (credential, { namespaces = {} }) =>
      Object.entries(namespaces).map(([state, value]) => ({ labels: { credential, state }, value })),
  );

  return {
    publishStatus: (credential, status) => void statuses.set(credential, status),
    forget: (credential) => void statuses.delete(credential),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function times(
  credential: string,
  { registries = [] }: Status,
  timeOf: (entry: RegistryStatus) => string | undefined,
): Sample<"credential" | "entry">[] {
  return registries.flatMap((entry) => {
    const time = timeOf(entry);
    if (time === undefined) return [];
    const value = Temporal.Instant.from(time).epochMilliseconds / 1000;
    return [{ labels: { credential, entry: entry.name }, value }];
  });
}
