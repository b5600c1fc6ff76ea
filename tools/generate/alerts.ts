// The alerts: when somebody must look, and how soon. The only source of the rules in config/prometheus.

export interface Alert {
  readonly name: string;
  /** critical: somebody will not be able to pull soon, or nobody would notice. warning: during working hours. */
  readonly severity: "critical" | "warning";
  /** PromQL. */
  readonly expression: string;
  readonly for: Temporal.Duration;
  /** The alert that fires where this one is silent because nothing is measured; its own name where it says so itself. */
  readonly twin: string;
  readonly summary: string;
  readonly description: string;
}

// Renewal begins at half of a token's life, at the latest. A tenth later, something should have come of it.
const mintingLate = 0.6;
// And what fails then has still two fifths: 24 minutes of an hour, nearly 5 hours of 12.
const lifeLeft = 0.4;

const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
const hours = (count: number): Temporal.Duration => minutes(count * 60);
const days = (count: number): Temporal.Duration => hours(count * 24);

/** A time in an alert, as it is or as a test sees it. */
interface Times {
  readonly scaled: (time: Temporal.Duration) => Temporal.Duration;
  readonly seconds: (time: Temporal.Duration) => number;
}

/** @param scale of every time in them, so that a test sees in seconds what takes minutes; parts of a token's life are not scaled */
export function alerts(scale = 1): readonly Alert[] {
  const scaled = (time: Temporal.Duration): Temporal.Duration =>
    Temporal.Duration.from({ seconds: Math.max(Math.round(time.total("seconds") * scale), 1) });
  const times: Times = { scaled, seconds: (time) => scaled(time).total("seconds") };
  return [presence, tokens, sight, standstill].flatMap((alertsOf) => alertsOf(times));
}

/** That it runs at all, and works. */
function presence({ scaled }: Times): readonly Alert[] {
  return [
    {
      name: "RegcredAbsent",
      severity: "critical",
      expression: "absent(regcred_build_info)",
      for: scaled(minutes(5)),
      twin: "RegcredAbsent",
      summary: "regcred is not measured: it is down, or not scraped.",
      description: "Tokens are not renewed while it is down. What tenants have lives on for half of a token's life.",
    },
    {
      name: "RegcredStatusAbsent",
      severity: "critical",
      expression: "absent(regcred_namespaces) and on () max(regcred_credentials) > 0",
      for: scaled(minutes(10)),
      twin: "RegcredAbsent",
      summary: "regcred runs, but says nothing of any RegistryCredential.",
      description: "It cannot work, or can read none of them, so that no other alert about tokens could fire.",
    },
    {
      name: "RegcredNoLeader",
      severity: "critical",
      expression: "sum(regcred_leader) < 1 or absent(regcred_leader)",
      for: scaled(minutes(2)),
      twin: "RegcredNoLeader",
      summary: "No replica of regcred does the work.",
      description: "Nothing is renewed and no new namespace is served until one leads.",
    },
  ];
}

/** That tokens are renewed in time. */
function tokens({ scaled, seconds }: Times): readonly Alert[] {
  return [
    {
      name: "RegcredTokenExpiring",
      severity: "critical",
      expression: [
        `regcred_token_expiration_timestamp_seconds - time() < ${lifeLeft} * (regcred_token_expiration_timestamp_seconds - regcred_token_refresh_timestamp_seconds)`,
        "and on (credential, entry) regcred_token_failing_grants > 0",
      ].join("\n"),
      for: scaled(minutes(5)),
      twin: "RegcredStatusAbsent",
      summary: "Tokens of {{ $labels.credential }}/{{ $labels.entry }} cannot be renewed and end soon.",
      description: "The first ends in {{ $value | humanizeDuration }}; then its tenants cannot pull any more.",
    },
    {
      name: "RegcredMintingStopped",
      severity: "critical",
      expression: [
        `time() - regcred_token_refresh_timestamp_seconds{provider!="Static"} > ${mintingLate} * (regcred_token_expiration_timestamp_seconds{provider!="Static"} - regcred_token_refresh_timestamp_seconds{provider!="Static"})`,
        "unless on (credential, entry) regcred_token_failing_grants > 0",
        "unless on (credential, entry) regcred_token_repeated_grants > 0",
      ].join("\n"),
      for: scaled(minutes(5)),
      twin: "RegcredStatusAbsent",
      summary: "Nothing has been minted for {{ $labels.credential }}/{{ $labels.entry }} for too long.",
      description: "The last was {{ $value | humanizeDuration }} ago, and no failure is told: the operator hangs.",
    },
    {
      name: "RegcredStaticCredentialExpiring",
      severity: "warning",
      expression: `min by (credential, entry) (regcred_token_expiration_timestamp_seconds{provider="Static"}) - time() < ${seconds(days(14))}`,
      for: scaled(hours(1)),
      twin: "RegcredStatusAbsent",
      summary: "The login in a source of {{ $labels.credential }}/{{ $labels.entry }} ends soon.",
      description: "It ends in {{ $value | humanizeDuration }}. Nobody but you can renew it.",
    },
  ];
}

/** That it serves every namespace, and sees what happens. */
function sight({ scaled, seconds }: Times): readonly Alert[] {
  return [
    {
      name: "RegcredNamespaceFailing",
      severity: "warning",
      expression: "max by (credential, target_namespace, reason, cause) (regcred_namespace_not_ready) > 0",
      for: scaled(minutes(15)),
      twin: "RegcredStatusAbsent",
      summary:
        "{{ with $labels.target_namespace }}{{ . }} is{{ else }}{{ $value }} namespaces are{{ end }} not served by {{ $labels.credential }}: {{ $labels.reason }}.",
      description: "Who must act: {{ $labels.cause }}. New pods there may not be able to pull.",
    },
    {
      name: "RegcredWatchStalled",
      severity: "critical",
      // Something comes about once a minute, and after 90 s of silence the operator begins anew: src/runtime/watch/reflector.ts.
      expression: `time() - regcred_watch_last_event_timestamp_seconds > ${seconds(minutes(4))}`,
      for: scaled(minutes(1)),
      twin: "RegcredWatchAbsent",
      summary: "regcred hears nothing of {{ $labels.watch }}.",
      description: "The last sign of life came {{ $value | humanizeDuration }} ago. Changes are not noticed.",
    },
    {
      name: "RegcredWatchAbsent",
      severity: "critical",
      expression: "absent(regcred_watch_last_event_timestamp_seconds)",
      for: scaled(minutes(5)),
      twin: "RegcredWatchAbsent",
      summary: "regcred has no watch on the cluster.",
      description: "It is down, or has not reached the API server since its start.",
    },
  ];
}

/** That nothing is kept from being written. */
function standstill({ scaled, seconds }: Times): readonly Alert[] {
  return [
    {
      name: "RegcredContested",
      severity: "warning",
      expression: "sum by (kind) (regcred_contested_objects) > 0",
      for: scaled(minutes(15)),
      twin: "RegcredAbsent",
      summary: "Somebody keeps undoing what regcred writes to objects of kind {{ $labels.kind }}.",
      description:
        "{{ $value }} of them. Between the repairs new pods there cannot pull; of a RegistryCredential whose finalizer is taken off nothing is renewed.",
    },
    {
      name: "RegcredRemovalHeld",
      severity: "warning",
      expression: "max by (credential) (regcred_removal_held_namespaces) > 0",
      for: scaled(minutes(5)),
      twin: "RegcredAbsent",
      summary: "The removal guard holds a removal of {{ $labels.credential }}.",
      description: "{{ $value }} namespaces would lose it. It waits for you to confirm or to fix the change.",
    },
    {
      name: "RegcredSuspendedTooLong",
      severity: "warning",
      expression: "max by (credential) (regcred_suspended) > 0",
      for: scaled(days(1)),
      twin: "RegcredStatusAbsent",
      summary: "{{ $labels.credential }} has been suspended for long.",
      description: "Nothing is written to its tenants meanwhile: new namespaces are not served.",
    },
    {
      name: "RegcredSuspendedExpiring",
      severity: "critical",
      expression: `min by (credential) (regcred_suspended_expiration_timestamp_seconds) - time() < ${seconds(hours(1))}`,
      for: scaled(minutes(1)),
      twin: "RegcredAbsent",
      summary: "What tenants hold of the suspended {{ $labels.credential }} ends soon.",
      description:
        "It ends in {{ $value | humanizeDuration }}; the renewed logins are not written while it is suspended.",
    },
  ];
}
