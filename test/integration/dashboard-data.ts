// What Grafana would draw of a dashboard's queries, and which of them have nothing to draw.
import type { Query } from "../../tools/generate/dashboard.ts";
import type { Prometheus } from "../cluster/prometheus.ts";
import type { Line } from "./panel-drawing.ts";

/** Since Prometheus was started. */
export async function linesOf(prometheus: Prometheus, { expression, legend }: Query): Promise<readonly Line[]> {
  const series = await prometheus.range(expression.replaceAll("$__rate_interval", "20s"));
  return series.map(({ metric, values }) => ({
    name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_match, label: string) => metric[label] ?? ""),
    // Prometheus writes NaN where nothing was counted.
    points: values.map(([time, value]) => [time, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
  }));
}

/** The panels' titles, each with the legend of a query. */
export async function withoutData(
  prometheus: Prometheus,
  queries: readonly (Query & { readonly title: string })[],
): Promise<readonly string[]> {
  const lines = await Promise.all(queries.map((query) => linesOf(prometheus, query)));
  return queries
    .filter((_, index) => lines[index]?.every(({ points }) => points.length === 0) ?? true)
    .map(({ title, legend }) => `${title}: ${legend}`);
}
