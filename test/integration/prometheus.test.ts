// Tests that the alert comes before the outage: a real Prometheus scrapes an operator whose cloud is away for longer than its tokens live.
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64OfText } from "../../src/runtime/base64.ts";
import { dashboard } from "../../tools/generate/dashboard.ts";
import { type MetricDeclaration, metricTable } from "../../src/metrics/metric-table.ts";
import { rulesFile } from "../../tools/generate/prometheus-rules.ts";
import { type Prometheus, startPrometheus } from "../cluster/prometheus.ts";
import { prometheusAdvice, withoutPrometheus } from "../cluster/prometheus-programs.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { tryPull } from "../cluster/try-pull.ts";
import { arnOf, type Ecr, ecr, ecrHost, environment, type Mint } from "./ecr.ts";
import { linesOf, withoutData } from "./dashboard-data.ts";
import { panelDrawing } from "./panel-drawing.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const lifetime = Temporal.Duration.from({ seconds: 60 });
// Minutes become seconds: an hour's token and its alerts, seen in a minute.
const scale = 1 / 60;
const patience = Temporal.Duration.from({ minutes: 3 });
const role = "team-cloud";

describe.skipIf(withoutPrometheus)(`a real Prometheus${prometheusAdvice}`, { timeout: 400_000 }, () => {
  let world: TestEnv;
  let registry: Registry;
  let cloud: Ecr;
  let running: RunningOperator;
  let prometheus: Prometheus;
  let metricsUrl: string;
  let isDown = false;
  let denials = 0;
  const alive: Mint[] = [];

  const firing = async (alert: string): Promise<boolean> =>
    (await prometheus.query(`ALERTS{alertname="${alert}",alertstate="firing"}`)).length > 0;
  const pull = async (): Promise<number> => {
    const secret = await world.secret(role);
    const encoded = (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"] ?? "";
    const config = Buffer.from(encoded, "base64").toString();
    return (await tryPull({ ...registry, host: ecrHost }, "team/app", "1", config)).status;
  };
  /** The registry lets in whoever has a password of the cloud, for as long as it lives. */
  const admit = (): Promise<void> =>
    registry.setUsers([
      { name: "AWS", password: "push" },
      ...alive.map(({ password, until }) => ({ name: "AWS", password, until })),
    ]);

  beforeAll(async () => {
    registry = await startRegistry({ auth: { kind: "token", users: [] } });
    await admit();
    await pushImage(registry, "team/app", "1", { username: "AWS", password: "push" });
    cloud = await ecr({
      roles: [role],
      lifetime,
      asked: () => {
        if (!isDown) return undefined;
        denials += 1;
        // At first it is only busy.
        return denials === 1 ? "throttled" : "refused";
      },
      minted: (mint) => {
        alive.push(mint);
        return admit();
      },
    });
    world = await testEnv();
    running = await world.startOperator({
      settings: { environment, metricsAddress: { host: "127.0.0.1", port: 0 } },
      routes: { ...cloud.routes, [ecrHost]: { url: registry.url, realm: registry.realm } },
    });
    const port = running.log.find(({ message, fields }) => message === "serving" && fields["what"] === "metrics")
      ?.fields["port"];
    const target = `127.0.0.1:${String(port)}`;
    metricsUrl = `http://${target}/metrics`;
    prometheus = await startPrometheus({ target, rules: rulesFile(scale) });
  });
  afterAll(async () => {
    await prometheus?.stop();
    await world?.close();
    await Promise.all([cloud?.close(), registry?.stop()]);
  });

  it("sees the alert fire while pulls still succeed, and end after the outage", async () => {
    await world.credential("cloud", {
      registries: [
        {
          name: "main",
          provider: "ECR",
          hosts: [ecrHost],
          ecr: { roleARN: arnOf(role) },
          verify: { image: `${ecrHost}/team/app:1` },
        },
      ],
      namespaces: { include: ["team-*"], exclude: ["team-static"] },
    });
    await world.namespaces([role]);
    await eventually("the tenant can pull", async () => (await pull()) === 200);
    await eventually("a renewal was seen", async () => cloud.mints.length === 2, patience);
    expect(await firing("RegcredTokenExpiring")).toBe(false);

    isDown = true;
    const ends = cloud.mints[1]?.until ?? Temporal.Now.instant();
    await eventually("the alert fires", () => firing("RegcredTokenExpiring"), patience);
    const firedAt = Temporal.Now.instant();
    expect(firedAt.until(ends).total("seconds")).toBeGreaterThan(5);
    expect(await pull()).toBe(200);
    const [alert] = await prometheus.query('ALERTS{alertname="RegcredTokenExpiring"}');
    expect(alert?.metric).toMatchObject({ credential: "cloud", entry: "main", severity: "critical" });

    await eventually("the token has ended, and nobody can pull", async () => (await pull()) === 401, patience);
    await eventually("the tenant is named", () => firing("RegcredNamespaceFailing"), patience);
    isDown = false;
    await eventually("the tenant can pull again", async () => (await pull()) === 200, patience);
    await eventually("the alert ends", async () => !(await firing("RegcredTokenExpiring")), patience);
  });

  it("has data for every query of every panel, and draws them", async () => {
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-static"]);
    await world.credential("static", { ...staticSpec("hub"), namespaces: { include: ["team-static"] } });
    await eventually("another tenant is served", async () => (await world.status("static")).namespaces?.ready === 1);
    const rows = Object.values(dashboard).flat();
    const queries = rows.flatMap((panel) => panel.queries.map((query) => ({ ...query, title: panel.title })));
    const missing = (): Promise<readonly string[]> => withoutData(prometheus, queries);
    await eventually("every query has data", async () => (await missing()).length === 0, patience).catch(
      () => undefined,
    );
    expect(await missing()).toEqual([]);

    const drawn = await Promise.all(
      rows.map(async (panel) => ({
        panel,
        lines: (await Promise.all(panel.queries.map((query) => linesOf(prometheus, query)))).flat(),
      })),
    );
    const svg = panelDrawing(drawn);
    expect(svg.match(/<polyline/g)?.length ?? 0).toBeGreaterThan(rows.length);
    const target = process.env["REGCRED_DRAW"];
    if (target) await writeFile(target, svg);
  });

  it("has a series of every metric, but of what did not happen", async () => {
    const names = Object.entries<MetricDeclaration>(metricTable).map(([name, { type }]) =>
      type === "histogram" ? `${name}_count` : name,
    );
    const seen = new Set(
      (await prometheus.range('count by (__name__) ({__name__=~".+"})')).map(({ metric }) => metric["__name__"]),
    );
    const unseen = names.filter((name) => !seen.has(name));
    // No watch need be interrupted in two minutes, nobody has had its share, no Event was left out, and nothing was suspended.
    const mayBeAbsent = [
      "regcred_watch_failures_total",
      "regcred_shares_reached_total",
      "regcred_events_dropped_total",
      "regcred_suspended_expiration_timestamp_seconds",
      // Nor need a token be asked for or wait just when it is looked, or be handed out again.
      "regcred_tokens_asked",
      "regcred_tokens_waiting",
      "regcred_token_repeated_grants",
    ];
    expect(unseen.filter((name) => !mayBeAbsent.includes(name))).toEqual([]);
  });

  it("hears no secret, nor does anybody who reads logs, metrics, Events or statuses", async () => {
    const everything = [
      JSON.stringify(running.log),
      await (await fetch(metricsUrl)).text(),
      JSON.stringify(await Promise.all([role, "team-static", "default"].map((namespace) => world.events(namespace)))),
      JSON.stringify(await Promise.all(["cloud", "static"].map((name) => world.status(name)))),
    ].join("\n");
    expect(everything).toContain("token not fetched");
    const secrets = ["hunter2", ...cloud.mints.map(({ password }) => password)];
    expect(secrets.length).toBeGreaterThan(2);
    const forms = secrets.flatMap((secret) => [secret, base64OfText(secret), base64OfText(`AWS:${secret}`)]);
    expect(forms.filter((form) => everything.includes(form))).toEqual([]);
  });

  it("sees that the operator is gone", async () => {
    await running.stop();
    await eventually("the twin fires", () => firing("RegcredAbsent"), patience);
    await eventually("so does that of the leader", () => firing("RegcredNoLeader"), patience);
    expect(await firing("RegcredTokenExpiring")).toBe(false);
  });
});
