// A real Prometheus for one test, that scrapes what it is told to, and queries to it.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { withFreePort } from "./free-port.ts";
import { part } from "./part.ts";
import { neededPrograms } from "./prometheus-programs.ts";
import { watchdog } from "./watchdog.ts";

export interface PrometheusOptions {
  /** `host:port` of what is scraped each second. */
  readonly target: string;
  /** A rules file, as a value. */
  readonly rules: object;
  /** More of the scrape configuration: scheme, authorization, tls_config. */
  readonly scrape?: object;
}

/** A series: labels, and values by Unix time. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

export interface Prometheus {
  readonly url: string;
  /** What there is now, one value each. */
  query(expression: string): Promise<readonly Series[]>;
  /** What there was since the start, a value each second. */
  range(expression: string): Promise<readonly Series[]>;
  /** How the last scrape went, as Prometheus tells it: empty where it went well. */
  scrapeError(): Promise<string>;
  /** Ends it and removes its memory. */
  stop(): Promise<void>;
}

/** @throws Error that says how to get the program, or with the end of its log. */
export function startPrometheus({ target, rules, scrape }: PrometheusOptions): Promise<Prometheus> {
  return runPrometheus({
    "rules.yaml": stringify(rules),
    // https://prometheus.io/docs/prometheus/latest/configuration/configuration/
    "prometheus.yaml": stringify({
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: ["rules.yaml"],
      scrape_configs: [{ job_name: "regcred", static_configs: [{ targets: [target] }], ...scrape }],
    }),
  });
}

/** With files of its folder, of which one is `prometheus.yaml`. @throws Error as `startPrometheus`. */
export async function runPrometheus(files: Readonly<Record<string, string>>): Promise<Prometheus> {
  const { prometheus: file } = neededPrograms();
  const folder = await mkdtemp(join(tmpdir(), "regcred-prometheus-"));
  watchdog.made(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const release = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const startedAt = Temporal.Now.instant().epochMilliseconds / 1000;
  try {
    return await withFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const server = part({
        name: "prometheus",
        file,
        folder,
        arguments: [
          "--config.file=prometheus.yaml",
          `--web.listen-address=127.0.0.1:${port}`,
          "--storage.tsdb.path=series",
          "--log.level=warn",
        ],
        ready: () =>
          fetch(`${url}/-/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
      });
      await server.start();
      const ask = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
        const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
        const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string };
        if (status !== "success") throw new Error(`${parameters["query"] ?? path}: ${error ?? status}`);
        return data;
      };
      return {
        url,
        query: async (expression) => {
          const { result } = (await ask("query", { query: expression })) as {
            result: readonly { metric: Series["metric"]; value: Series["values"][number] }[];
          };
          return result.map(({ metric, value }) => ({ metric, values: [value] }));
        },
        range: async (expression) => {
          const end = String(Temporal.Now.instant().epochMilliseconds / 1000);
          const parameters = { query: expression, start: String(startedAt), end, step: "1" };
          return ((await ask("query_range", parameters)) as { result: readonly Series[] }).result;
        },
        scrapeError: async () => {
          const { activeTargets } = (await ask("targets", {})) as {
            activeTargets: readonly { health: string; lastError: string }[];
          };
          return activeTargets.map(({ health, lastError }) => (health === "up" ? "" : lastError || health)).join();
        },
        stop: async () => {
          await server.kill();
          await release();
        },
      };
    });
  } catch (error) {
    await release();
    throw error;
  }
}
