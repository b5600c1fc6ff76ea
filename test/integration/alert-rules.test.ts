// Tests that the alerts fire when they should, and only then: promtool runs the rules file that is installed.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { alerts } from "../../tools/generate/alerts.ts";
import { neededPrograms, prometheusAdvice, withoutPrometheus } from "../cluster/prometheus-programs.ts";

const rules = join(import.meta.dirname, "../../config/prometheus/rules/rules.yaml");
const run = promisify(execFile);

interface Case {
  readonly alert: string;
  readonly when: string;
  /** Values by series, as promtool spells them; one a minute. */
  readonly series: Readonly<Record<string, string>>;
  /** Since the epoch, which is when the series begin. */
  readonly at: string;
  /** Labels of what fires, beside the alert's own; nothing fires where it is absent. */
  readonly firing?: Readonly<Record<string, string>>;
}

const entry = `{credential="acme",entry="main",provider="ECR",instance="a"}`;
const hub = `{credential="acme",entry="hub",provider="Static",instance="a"}`;
const labels = { credential: "acme", entry: "main" };
const hour = 3600;
/** A token issued at 0 that lives so many hours, for as long as the test. */
const lives = (hours: number, of = entry): Readonly<Record<string, string>> => ({
  [`regcred_token_refresh_timestamp_seconds${of}`]: "0x20000",
  [`regcred_token_expiration_timestamp_seconds${of}`]: `${hours * hour}x20000`,
});
const failing = (count: number): Readonly<Record<string, string>> => ({
  [`regcred_token_failing_grants{credential="acme",entry="main",provider="ECR",reason="${count > 0 ? "Denied" : ""}",instance="a"}`]: `${count}x20000`,
});
const up = { 'regcred_build_info{version="1",instance="a"}': "1x20000" };

const cases: readonly Case[] = [
  { alert: "RegcredAbsent", when: "nothing is scraped", series: {}, at: "6m", firing: {} },
  { alert: "RegcredAbsent", when: "it is scraped", series: up, at: "6m" },
  {
    alert: "RegcredAbsent",
    when: "it is gone only now",
    series: { 'regcred_build_info{version="1"}': "1x10" },
    at: "18m",
  },
  {
    alert: "RegcredStatusAbsent",
    when: "RegistryCredentials are there, and none is told of",
    series: { ...up, regcred_credentials: "2x100" },
    at: "11m",
    firing: {},
  },
  { alert: "RegcredStatusAbsent", when: "there is none", series: { ...up, regcred_credentials: "0x100" }, at: "11m" },
  {
    alert: "RegcredStatusAbsent",
    when: "they are told of",
    series: { ...up, regcred_credentials: "1x100", 'regcred_namespaces{credential="acme",state="ready"}': "0x100" },
    at: "11m",
  },
  {
    alert: "RegcredNoLeader",
    when: "all stand by",
    series: { 'regcred_leader{instance="a"}': "0x100", 'regcred_leader{instance="b"}': "0x100" },
    at: "3m",
    firing: {},
  },
  { alert: "RegcredNoLeader", when: "nobody is there", series: {}, at: "3m", firing: {} },
  {
    alert: "RegcredNoLeader",
    when: "one of two leads",
    series: { 'regcred_leader{instance="a"}': "0x100", 'regcred_leader{instance="b"}': "1x100" },
    at: "10m",
  },
  {
    alert: "RegcredTokenExpiring",
    when: "a token of an hour cannot be renewed, 18 minutes before its end",
    series: { ...lives(1), ...failing(1) },
    at: "42m",
    firing: { ...labels, provider: "ECR", instance: "a" },
  },
  {
    alert: "RegcredTokenExpiring",
    when: "a token of twelve hours cannot be renewed, more than four hours before its end",
    series: { ...lives(12), ...failing(3) },
    at: "7h20m",
    firing: { ...labels, provider: "ECR", instance: "a" },
  },
  {
    alert: "RegcredTokenExpiring",
    when: "it has failed since half an hour",
    series: { ...lives(1), ...failing(1) },
    at: "35m",
  },
  { alert: "RegcredTokenExpiring", when: "nothing fails", series: { ...lives(1), ...failing(0) }, at: "42m" },
  {
    alert: "RegcredMintingStopped",
    when: "no new token comes and no failure is told",
    series: { ...lives(1), ...failing(0) },
    at: "42m",
    firing: { ...labels, provider: "ECR", instance: "a" },
  },
  { alert: "RegcredMintingStopped", when: "a failure is told", series: { ...lives(1), ...failing(1) }, at: "42m" },
  {
    alert: "RegcredMintingStopped",
    when: "renewal is due just now",
    series: { ...lives(1), ...failing(0) },
    at: "31m",
  },
  { alert: "RegcredMintingStopped", when: "it is a static login", series: lives(1, hub), at: "42m" },
  {
    alert: "RegcredStaticCredentialExpiring",
    when: "a static login ends within 14 days",
    series: lives(24 * 14, hub),
    at: "62m",
    firing: { credential: "acme", entry: "hub" },
  },
  { alert: "RegcredStaticCredentialExpiring", when: "it ends later", series: lives(24 * 15, hub), at: "62m" },
  { alert: "RegcredStaticCredentialExpiring", when: "a token of a cloud ends", series: lives(12), at: "62m" },
  {
    alert: "RegcredNamespaceFailing",
    when: "a namespace is not served, whichever replica told",
    series: {
      'regcred_namespace_not_ready{credential="acme",target_namespace="team-a",reason="SecretConflict",cause="Tenant",instance="a"}':
        "1x10 _x100",
      'regcred_namespace_not_ready{credential="acme",target_namespace="team-a",reason="SecretConflict",cause="Tenant",instance="b"}':
        "_x10 1x100",
    },
    at: "16m",
    firing: { credential: "acme", target_namespace: "team-a", reason: "SecretConflict", cause: "Tenant" },
  },
  {
    alert: "RegcredNamespaceFailing",
    when: "some namespaces are not served, and none is named",
    series: { 'regcred_namespace_not_ready{credential="acme",reason="SecretConflict",cause="Tenant"}': "3x100" },
    at: "16m",
    firing: { credential: "acme", reason: "SecretConflict", cause: "Tenant" },
  },
  {
    alert: "RegcredNamespaceFailing",
    when: "it is served again",
    series: {
      'regcred_namespace_not_ready{credential="acme",target_namespace="team-a",reason="SecretConflict",cause="Tenant"}':
        "1x5",
    },
    at: "16m",
  },
  {
    alert: "RegcredWatchStalled",
    when: "a watch is silent",
    series: { 'regcred_watch_last_event_timestamp_seconds{watch="namespaces"}': "60x100" },
    at: "7m",
    firing: { watch: "namespaces" },
  },
  {
    alert: "RegcredWatchStalled",
    when: "something comes each minute",
    series: { 'regcred_watch_last_event_timestamp_seconds{watch="namespaces"}': "0+60x100" },
    at: "90m",
  },
  { alert: "RegcredWatchAbsent", when: "there is no watch", series: up, at: "6m", firing: {} },
  {
    alert: "RegcredContested",
    when: "somebody fights over references",
    series: {
      'regcred_contested_objects{kind="ServiceAccount",instance="a"}': "3x100",
      'regcred_contested_objects{kind="Secret",instance="a"}': "0x100",
    },
    at: "16m",
    firing: { kind: "ServiceAccount" },
  },
  {
    alert: "RegcredRemovalHeld",
    when: "the removal guard holds",
    series: { 'regcred_removal_held_namespaces{credential="acme"}': "40x100" },
    at: "6m",
    firing: { credential: "acme" },
  },
  {
    alert: "RegcredRemovalHeld",
    when: "nothing is held",
    series: { 'regcred_removal_held_namespaces{credential="acme"}': "0x100" },
    at: "6m",
  },
  {
    alert: "RegcredSuspendedTooLong",
    when: "it is suspended for a day",
    series: { 'regcred_suspended{credential="acme"}': "1x2000" },
    at: "25h",
    firing: { credential: "acme" },
  },
  {
    alert: "RegcredSuspendedTooLong",
    when: "it was suspended for an afternoon",
    series: { 'regcred_suspended{credential="acme"}': "1x240 0x2000" },
    at: "25h",
  },
  {
    alert: "RegcredSuspendedExpiring",
    when: "what tenants hold ends within the hour",
    series: { 'regcred_suspended_expiration_timestamp_seconds{credential="acme"}': `${6 * hour}x1000` },
    at: "5h10m",
    firing: { credential: "acme" },
  },
  {
    alert: "RegcredSuspendedExpiring",
    when: "it lives for hours",
    series: { 'regcred_suspended_expiration_timestamp_seconds{credential="acme"}': `${6 * hour}x1000` },
    at: "4h",
  },
];

describe.skipIf(withoutPrometheus)(`the alerts, by promtool${prometheusAdvice}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-alerts-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** What promtool complains of. */
  const complaints = async (test: object): Promise<string> => {
    const file = join(folder, "test.yaml");
    await writeFile(file, stringify({ rule_files: [rules], evaluation_interval: "1m", tests: [test] }));
    const { promtool } = neededPrograms();
    return run(promtool, ["test", "rules", file]).then(
      () => "",
      ({ stdout = "", stderr = "" }: { stdout?: string; stderr?: string }) => `${stdout}${stderr}`,
    );
  };
  const inputOf = (series: Case["series"]): object[] =>
    Object.entries(series).map(([name, values]) => ({ series: name, values }));

  it("are rules that Prometheus reads", async () => {
    const { stdout } = await run(neededPrograms().promtool, ["check", "rules", rules]);
    expect(stdout).toContain(`${alerts().length} rules found`);
  });

  it("are all tried", () => {
    const fire = new Set(cases.filter(({ firing }) => firing).map(({ alert }) => alert));
    expect([...fire].toSorted()).toEqual(
      alerts()
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  const titled = cases.map((each) => ({ ...each, verdict: each.firing ? "fires" : "is silent" }));
  it.each(titled)("$alert $verdict when $when", async ({ alert, series, at, firing }) => {
    const severity = alerts().find(({ name }) => name === alert)?.severity;
    const all = Object.entries({ alertname: alert, alertstate: "firing", severity, ...firing });
    const firingLabels = all.map(([label, value]) => `${label}="${value ?? ""}"`).join(",");
    const test = {
      interval: "1m",
      input_series: inputOf(series),
      promql_expr_test: [
        {
          expr: `ALERTS{alertname="${alert}",alertstate="firing"}`,
          eval_time: at,
          exp_samples: firing ? [{ labels: `ALERTS{${firingLabels}}`, value: 1 }] : [],
        },
      ],
    };
    expect(await complaints(test)).toBe("");
  });

  it("tell a person what is left, and where to read on", async () => {
    const expected = {
      exp_labels: { ...labels, provider: "ECR", instance: "a", severity: "critical" },
      exp_annotations: {
        summary: "Tokens of acme/main cannot be renewed and end soon.",
        description: "The first ends in 18m 0s; then its tenants cannot pull any more.",
        runbook: "docs/runbook.md#regcredtokenexpiring",
      },
    };
    const rule = { eval_time: "42m", alertname: "RegcredTokenExpiring", exp_alerts: [expected] };
    const input = inputOf({ ...lives(1), ...failing(1) });
    expect(await complaints({ interval: "1m", input_series: input, alert_rule_test: [rule] })).toBe("");
    const other = { ...rule, exp_alerts: [{ ...expected, exp_annotations: {} }] };
    expect(await complaints({ interval: "1m", input_series: input, alert_rule_test: [other] })).toContain("FAILED");
  });
});
