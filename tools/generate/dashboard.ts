// The dashboard: what one wants to see at a glance. The source of config/grafana.

export interface Panel {
  readonly title: string;
  /** What a good one looks like, or what to do about a bad one. */
  readonly description: string;
  /** https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  readonly unit: "s" | "short" | "ops" | "percentunit" | "bytes";
  readonly queries: readonly Query[];
}

export interface Query {
  /** PromQL; `$__rate_interval` is Grafana's. */
  readonly expression: string;
  /** Labels in double braces are replaced. */
  readonly legend: string;
}

const query = (legend: string, expression: string): Query => ({ legend, expression });
const rate = (by: string, metric: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`;
const quantile = (share: number, by: string, histogram: string): string =>
  `histogram_quantile(${share}, ${rate(by === "" ? "le" : `le, ${by}`, `${histogram}_bucket`)})`;

/** By row; two panels stand side by side. */
export const dashboard: Readonly<Record<string, readonly Panel[]>> = {
  Tokens: [
    {
      title: "Time left",
      description: "Until the first token of each entry ends. A saw: renewed at half of its life.",
      unit: "s",
      queries: [
        query(
          "{{credential}}/{{entry}}",
          "min by (credential, entry) (regcred_token_expiration_timestamp_seconds) - time()",
        ),
      ],
    },
    {
      title: "Logins that cannot be renewed",
      description: "0 is good. What fails is named by its reason.",
      unit: "short",
      queries: [
        query(
          "{{credential}}/{{entry}} {{reason}}",
          "sum by (credential, entry, reason) (regcred_token_failing_grants)",
        ),
      ],
    },
    {
      title: "Attempts to get a token",
      description: "By how they ended.",
      unit: "ops",
      queries: [
        query("{{provider}} {{result}} {{reason}}", rate("provider, result, reason", "regcred_token_refreshes_total")),
      ],
    },
    {
      title: "Life left when the successor came",
      description: "Of one in ten. About half of a token's life; less means late.",
      unit: "s",
      queries: [query("{{provider}}", quantile(0.1, "provider", "regcred_token_remaining_seconds"))],
    },
    {
      title: "Requests to clouds",
      description: "By HTTP status, and attempts that were throttled.",
      unit: "ops",
      queries: [
        query("{{provider}} {{code}}", rate("provider, code", "regcred_cloud_requests_total")),
        query("{{provider}} throttled", rate("provider", "regcred_cloud_throttles_total")),
      ],
    },
    {
      title: "Clouds: time and verification",
      description: "99th percentile of requests; tries of new tokens by their result.",
      unit: "short",
      queries: [
        query("{{provider}} seconds", quantile(0.99, "provider", "regcred_cloud_request_duration_seconds")),
        query("{{provider}} {{result}} per s", rate("provider, result", "regcred_verifications_total")),
      ],
    },
  ],
  Tenants: [
    {
      title: "Namespaces",
      description: "By how they are served.",
      unit: "short",
      queries: [query("{{state}}", 'sum by (state) (regcred_namespaces{state!="selected"})')],
    },
    {
      title: "Not served, by reason",
      description: "Who must act is the cause. At most 200 are named.",
      unit: "short",
      queries: [
        query("{{reason}} ({{cause}})", "sum by (reason, cause) (regcred_namespace_not_ready)"),
        query("not named", "sum(regcred_namespace_not_ready_omitted)"),
      ],
    },
    {
      title: "New namespace to ready",
      description: "From its arrival to pull Secret and references.",
      unit: "s",
      queries: [
        query("median", quantile(0.5, "", "regcred_namespace_ready_duration_seconds")),
        query("99 %", quantile(0.99, "", "regcred_namespace_ready_duration_seconds")),
      ],
    },
    {
      title: "Held, contested, shadowed, orphaned, suspended",
      description: "0 is good; each has its paragraph in the operations guide.",
      unit: "short",
      queries: [
        query("held namespaces", "sum(max by (credential) (regcred_removal_held_namespaces))"),
        query("contested {{kind}}", "sum by (kind) (regcred_contested_objects)"),
        query("shadowed hosts", "sum(max by (credential) (regcred_shadowed_hosts))"),
        query("orphaned Secrets", "max(regcred_orphaned_secrets)"),
        query("suspended", "sum(max by (credential) (regcred_suspended))"),
      ],
    },
  ],
  Cluster: [
    {
      title: "Writes",
      description: "By kind of object and result. A conflict now and then is no fault.",
      unit: "ops",
      queries: [query("{{verb}} {{kind}} {{result}}", rate("kind, verb, result", "regcred_writes_total"))],
    },
    {
      title: "Requests to the API server",
      description: "By verb and HTTP status.",
      unit: "ops",
      queries: [query("{{verb}} {{code}}", rate("verb, code", "regcred_api_requests_total"))],
    },
    {
      title: "Time of these requests, 99 %",
      description: "By verb.",
      unit: "s",
      queries: [query("{{verb}}", quantile(0.99, "verb", "regcred_api_request_duration_seconds"))],
    },
    {
      title: "Age of the last sign of life",
      description: "By watch. Something comes about once a minute.",
      unit: "s",
      queries: [query("{{watch}}", "time() - min by (watch) (regcred_watch_last_event_timestamp_seconds)")],
    },
  ],
  Operator: [
    {
      title: "Queues",
      description: "Keys that are ready, and the 99th percentile of their wait.",
      unit: "short",
      queries: [
        query("{{name}} ready", "sum by (name) (workqueue_depth)"),
        query("{{name}} wait in s", quantile(0.99, "name", "workqueue_queue_duration_seconds")),
      ],
    },
    {
      title: "Work",
      description: "99th percentile of a run, and the longest that is under way.",
      unit: "s",
      queries: [
        query("{{name}}", quantile(0.99, "name", "workqueue_work_duration_seconds")),
        query("{{name}} longest", "max by (name) (workqueue_longest_running_processor_seconds)"),
      ],
    },
    {
      title: "Event loop, 99 %",
      description: "Below 0.1 s unless the processor is starved.",
      unit: "s",
      queries: [query("{{instance}}", "nodejs_eventloop_lag_p99_seconds")],
    },
    {
      title: "Leader, processor",
      description: "Exactly one leads.",
      unit: "short",
      queries: [
        query("leaders", "sum(regcred_leader)"),
        query(
          "{{instance}} cores",
          'rate(process_cpu_seconds_total{instance=~".+"}[$__rate_interval]) and on (instance) regcred_build_info',
        ),
      ],
    },
    {
      title: "Memory",
      description: "Flat in the long run.",
      unit: "bytes",
      queries: [query("{{instance}}", "process_resident_memory_bytes and on (instance) regcred_build_info")],
    },
  ],
};
