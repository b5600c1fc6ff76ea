// Finds the metrics and labels of a query that the program does not have.
import { type MetricDeclaration, metricTable } from "../../src/metrics/metric-table.ts";

const table = new Map(Object.entries<MetricDeclaration>(metricTable));
// Prometheus adds them to whatever it scrapes.
const ofTheTarget = ["instance", "job"];

/**
 * Of PromQL, and of the labels that are shown beside what it finds; each as "metric NAME" or "label NAME".
 * @param shown names of labels
 */
export function unknownNames(expression: string, shown: readonly string[] = []): readonly string[] {
  const names = [...expression.matchAll(/\b(?:regcred|workqueue|nodejs|process)_\w+/g)].map(([name]) => name);
  const found = names.map((name) => ({ name, declared: declaredAs(name) }));
  const known = new Set([
    ...ofTheTarget,
    ...found.flatMap(({ declared }) => declared?.labels ?? []),
    ...(found.some(({ declared }) => declared?.type === "histogram") ? ["le"] : []),
  ]);
  const labels = [...shown, ...labelsIn(expression)];
  return [
    ...found.filter(({ declared }) => declared === undefined).map(({ name }) => `metric ${name}`),
    ...labels.filter((label) => !known.has(label)).map((label) => `label ${label}`),
  ];
}

/** A histogram is asked for by its parts: https://prometheus.io/docs/concepts/metric_types/#histogram */
function declaredAs(name: string): MetricDeclaration | undefined {
  const whole = table.get(name.replace(/_(?:bucket|sum|count)$/, ""));
  return whole?.type === "histogram" ? (whole === table.get(name) ? undefined : whole) : table.get(name);
}

function labelsIn(expression: string): readonly string[] {
  const listed = [...expression.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(/,\s*/).filter(Boolean),
  );
  const compared = [...expression.matchAll(/[{,]\s*(\w+)\s*[=!]/g)].map(([, label = ""]) => label);
  return [...listed, ...compared];
}
