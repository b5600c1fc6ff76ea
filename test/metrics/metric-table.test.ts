// Tests that the metrics have the names that dashboards and alerts of others rely on, and follow the conventions.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { instruments } from "../../src/metrics/instruments.ts";
import { type MetricDeclaration, metricTable } from "../../src/metrics/metric-table.ts";

const root = join(import.meta.dirname, "../..");
const table = Object.entries<MetricDeclaration>(metricTable);

// Whoever takes a line away or changes one, says so in CHANGELOG.md under "Removed" or "Changed", and what to write instead.
const promised = `
nodejs_eventloop_lag_max_seconds
nodejs_eventloop_lag_p50_seconds
nodejs_eventloop_lag_p99_seconds
process_cpu_seconds_total
process_resident_memory_bytes
process_start_time_seconds
regcred_api_request_duration_seconds verb resource
regcred_api_requests_total verb resource code
regcred_build_info version node_version
regcred_cloud_request_duration_seconds provider
regcred_cloud_requests_total provider code
regcred_cloud_throttles_total provider
regcred_contested_objects kind
regcred_credentials
regcred_events_dropped_total
regcred_leader
regcred_namespace_not_ready credential target_namespace reason cause
regcred_namespace_not_ready_omitted
regcred_namespace_ready_duration_seconds
regcred_namespaces credential state
regcred_namespaces_over_share kind
regcred_orphaned_secrets
regcred_removal_held_namespaces credential
regcred_shadowed_hosts credential
regcred_shares_reached_total kind
regcred_suspended credential
regcred_suspended_expiration_timestamp_seconds credential
regcred_token_expiration_timestamp_seconds credential entry provider
regcred_token_failing_grants credential entry provider reason
regcred_token_refresh_timestamp_seconds credential entry provider
regcred_token_refreshes_total provider result reason
regcred_token_remaining_seconds provider
regcred_token_repeated_grants credential entry
regcred_tokens_asked provider
regcred_tokens_waiting provider for
regcred_verifications_total provider result
regcred_watch_failures_total watch reason
regcred_watch_last_event_timestamp_seconds watch
regcred_watch_lists_total watch
regcred_writes_total kind verb result
workqueue_adds_total name
workqueue_depth name lane
workqueue_longest_running_processor_seconds name
workqueue_queue_duration_seconds name
workqueue_retries_total name
workqueue_unfinished_work_seconds name
workqueue_work_duration_seconds name
`
  .trim()
  .split("\n");

/** Names that were released once and are gone; each must be told in the changelog. */
const removed: readonly string[] = [];

describe("the metrics", () => {
  it("are each shown or counted somewhere", () => {
    const source = globSync("src/**/*.ts", { cwd: root, exclude: ["src/metrics/metric-table.ts"] })
      .map((path) => readFileSync(join(root, path), "utf8"))
      .join("\n");
    expect(Object.keys(metricTable).filter((name) => !source.includes(`"${name}"`))).toEqual([]);
  });

  it("are those that were promised, with their labels", () => {
    expect(table.map(([name, { labels }]) => [name, ...labels].join(" ")).toSorted()).toEqual(promised);
  });

  it("do not go without a word in the changelog", () => {
    const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    expect(removed.filter((name) => !changelog.includes(name))).toEqual([]);
  });

  // https://prometheus.io/docs/practices/naming/
  it.each(table)("%s is named by the conventions", (name, { type, labels, help }) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    expect(type !== "histogram" || name.endsWith("_seconds")).toBe(true);
    expect(name.includes("timestamp")).toBe(name.endsWith("_timestamp_seconds"));
    // Labels that Prometheus or its operator put on: one of ours would come out as exported_...
    expect(labels.filter((label) => ["namespace", "pod", "service", "job", "instance", "le"].includes(label))).toEqual(
      [],
    );
    expect(help).toMatch(/^.+\.$/);
  });

  it("have a help and a type each in a scrape, before anything has happened", async () => {
    const text = await instruments().text();
    for (const [name, { type }] of table) {
      expect(text).toContain(`# HELP ${name} `);
      expect(text).toContain(`# TYPE ${name} ${type}\n`);
    }
  });
});
