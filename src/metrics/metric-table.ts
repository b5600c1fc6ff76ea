// The table of all metrics. The only place that names them: instruments.ts makes them, docs/metrics.md is made of them.

export interface MetricDeclaration {
  readonly type: "gauge" | "counter" | "histogram";
  /** One or two sentences, for `# HELP` and the reference. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

// From a call within a data centre to the 30 s after which every call is given up.
const callSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
// client-go's for its work queues: k8s.io/component-base/metrics/prometheus/workqueue/metrics.go
const queueSeconds = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100];

// Names and units as https://prometheus.io/docs/practices/naming/ has them; times are absolute, so that no value ages
// between two looks: https://prometheus.io/docs/practices/instrumentation/#timestamps-not-time-since
export const metricTable = {
  regcred_token_expiration_timestamp_seconds: {
    type: "gauge",
    help: "When the first of the entry's tokens ends, as Unix time. Absent where none does.",
    labels: ["credential", "entry", "provider"],
  },
  regcred_token_refresh_timestamp_seconds: {
    type: "gauge",
    help: "When the oldest of the entry's tokens was issued, as Unix time. Absent while there is none.",
    labels: ["credential", "entry", "provider"],
  },
  regcred_token_failing_grants: {
    type: "gauge",
    help: "How many of the entry's grants could not be renewed at the last attempt, with the reason of the worst; empty with 0.",
    labels: ["credential", "entry", "provider", "reason"],
  },
  regcred_token_refreshes_total: {
    type: "counter",
    help: "Attempts to get a token by how they ended: success, or failure with a reason.",
    labels: ["provider", "result", "reason"],
  },
  regcred_token_remaining_seconds: {
    type: "histogram",
    help: "How long the former token still lived when its successor came; 0 where it had ended.",
    labels: ["provider"],
    buckets: [0, 60, 300, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200],
  },
  regcred_verifications_total: {
    type: "counter",
    help: "New tokens tried at their registry, by what was found: Verified, Authenticated, Denied or Inconclusive.",
    labels: ["provider", "result"],
  },
  regcred_cloud_requests_total: {
    type: "counter",
    help: "HTTP requests to clouds for tokens, by HTTP status, or by what kept the answer away.",
    labels: ["provider", "code"],
  },
  regcred_cloud_request_duration_seconds: {
    type: "histogram",
    help: "How long these requests took.",
    labels: ["provider"],
    buckets: callSeconds,
  },
  regcred_cloud_throttles_total: {
    type: "counter",
    help: "Attempts to get a token that a cloud turned away because there were too many.",
    labels: ["provider"],
  },
  regcred_token_repeated_grants: {
    type: "gauge",
    help: "How many of the entry's grants have a source that hands out the same token until near its end, as Google's metadata server does.",
    labels: ["credential", "entry"],
  },
  regcred_tokens_asked: {
    type: "gauge",
    help: "Tokens that clouds are being asked for now.",
    labels: ["provider"],
  },
  regcred_tokens_waiting: {
    type: "gauge",
    help: "Tokens that are due and not asked for yet, by what they wait for: a place (entry, replacing, authority, provider, registry) or their time (rate).",
    labels: ["provider", "for"],
  },
  regcred_credentials: {
    type: "gauge",
    help: "RegistryCredentials that the operator knows.",
    labels: [],
  },
  regcred_suspended: {
    type: "gauge",
    help: "1 where spec.suspend is set, else 0.",
    labels: ["credential"],
  },
  regcred_suspended_expiration_timestamp_seconds: {
    type: "gauge",
    help: "When the first login that tenants hold of a suspended RegistryCredential ends, as Unix time, by the annotation of their pull Secrets.",
    labels: ["credential"],
  },
  regcred_namespaces: {
    type: "gauge",
    help: "Namespaces by how they are served; selected is the sum of ready, pending and failed.",
    labels: ["credential", "state"],
  },
  regcred_namespace_not_ready: {
    type: "gauge",
    help: "Namespaces that are not served, by why. With --metrics-access token each is named, as target_namespace, with 1: at most 200 series in all, the rarest reasons first.",
    labels: ["credential", "target_namespace", "reason", "cause"],
  },
  regcred_namespace_not_ready_omitted: {
    type: "gauge",
    help: "How many series regcred_namespace_not_ready would have beyond its bound.",
    labels: [],
  },
  regcred_namespace_ready_duration_seconds: {
    type: "histogram",
    help: "From a new namespace's arrival to its pull Secret and references.",
    labels: [],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  regcred_removal_held_namespaces: {
    type: "gauge",
    help: "Namespaces from which the removal guard holds the removal; 0 where none is held.",
    labels: ["credential"],
  },
  regcred_orphaned_secrets: {
    type: "gauge",
    help: "Pull Secrets of a name in use, none of whose RegistryCredentials is there any more.",
    labels: [],
  },
  regcred_shadowed_hosts: {
    type: "gauge",
    help: "Hosts of the RegistryCredential that an older one, or another of its entries, serves instead in some namespace.",
    labels: ["credential"],
  },
  regcred_contested_objects: {
    type: "gauge",
    help: "Pull Secrets, ServiceAccounts and RegistryCredentials by kind, whose content, references, status or finalizer somebody keeps undoing.",
    labels: ["kind"],
  },
  regcred_writes_total: {
    type: "counter",
    help: "Writes to the cluster by kind of object and result: success, or the kind of the error, such as conflict.",
    labels: ["kind", "verb", "result"],
  },
  regcred_api_requests_total: {
    type: "counter",
    help: "HTTP exchanges with the API server, by HTTP status, or by what kept the answer away.",
    labels: ["verb", "resource", "code"],
  },
  regcred_api_request_duration_seconds: {
    type: "histogram",
    help: "How long they took; of a watch, until its answer began.",
    labels: ["verb", "resource"],
    buckets: callSeconds,
  },
  regcred_watch_last_event_timestamp_seconds: {
    type: "gauge",
    help: "When the API server last sent something on the watch, as Unix time. It does so about once a minute.",
    labels: ["watch"],
  },
  regcred_watch_lists_total: {
    type: "counter",
    help: "Full lists read; more than the first are relists.",
    labels: ["watch"],
  },
  regcred_watch_failures_total: {
    type: "counter",
    help: "Interruptions of the watch, by what they were.",
    labels: ["watch", "reason"],
  },
  regcred_shares_reached_total: {
    type: "counter",
    help: "How often a namespace has had its share of what the operator does for one: work, grants, events or evictions. One namespace counts once in ten minutes.",
    labels: ["kind"],
  },
  regcred_namespaces_over_share: {
    type: "gauge",
    help: "Namespaces that have reached their share within the last ten minutes; Events there say so.",
    labels: ["kind"],
  },
  regcred_events_dropped_total: {
    type: "counter",
    help: "Events that were not written: too many, or refused.",
    labels: [],
  },
  workqueue_depth: {
    type: "gauge",
    help: "Keys that are ready to run.",
    labels: ["name", "lane"],
  },
  workqueue_adds_total: {
    type: "counter",
    help: "Keys that entered the queue.",
    labels: ["name"],
  },
  workqueue_retries_total: {
    type: "counter",
    help: "Failed runs that come back by themselves.",
    labels: ["name"],
  },
  workqueue_queue_duration_seconds: {
    type: "histogram",
    help: "How long keys were ready before they ran.",
    labels: ["name"],
    buckets: queueSeconds,
  },
  workqueue_work_duration_seconds: {
    type: "histogram",
    help: "How long runs took.",
    labels: ["name"],
    buckets: queueSeconds,
  },
  workqueue_unfinished_work_seconds: {
    type: "gauge",
    help: "How long the present runs have taken, summed.",
    labels: ["name"],
  },
  workqueue_longest_running_processor_seconds: {
    type: "gauge",
    help: "How long the longest of the present runs has taken.",
    labels: ["name"],
  },
  regcred_leader: {
    type: "gauge",
    help: "1 where this replica does the work, else 0.",
    labels: [],
  },
  regcred_build_info: {
    type: "gauge",
    help: "Always 1; what runs.",
    labels: ["version", "node_version"],
  },
  nodejs_eventloop_lag_p50_seconds: {
    type: "gauge",
    help: "Median delay of the event loop since the last scrape.",
    labels: [],
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: "gauge",
    help: "99th percentile of the same.",
    labels: [],
  },
  nodejs_eventloop_lag_max_seconds: {
    type: "gauge",
    help: "Longest of the same.",
    labels: [],
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "Processor time used.",
    labels: [],
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Memory held.",
    labels: [],
  },
  process_start_time_seconds: {
    type: "gauge",
    help: "When the process began, as Unix time.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

export type MetricName = keyof typeof metricTable;
