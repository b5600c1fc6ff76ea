// Writes the alerts as a rules file of Prometheus, and as an object of its operator.
import { type Alert, alerts } from "./alerts.ts";

/** https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export interface RulesFile {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly for: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** @param scale of every time: see `alerts` */
export function rulesFile(scale = 1): RulesFile {
  return {
    groups: [
      {
        name: "regcred",
        rules: alerts(scale).map((alert) => ({
          alert: alert.name,
          expr: alert.expression,
          for: durationText(alert.for),
          labels: { severity: alert.severity },
          annotations: { summary: alert.summary, description: alert.description, runbook: runbookOf(alert) },
        })),
      },
    ],
  };
}

/** https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule */
export function prometheusRule(): object {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: "regcred",
      namespace: "regcred-system",
      labels: { "app.kubernetes.io/name": "regcred", "app.kubernetes.io/part-of": "regcred" },
    },
    spec: rulesFile(),
  };
}

/**
 * The documents are published nowhere, so there is no address to give as `runbook_url`, which Alertmanager's receivers and
 * Grafana make a link of: docs/operations.md#alerts tells how it is set.
 */
function runbookOf({ name }: Alert): string {
  return `docs/runbook.md#${name.toLowerCase()}`;
}

/** https://prometheus.io/docs/prometheus/latest/querying/basics/#time-durations */
function durationText(duration: Temporal.Duration): string {
  const seconds = duration.total("seconds");
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const;
  const [unit, length] = units.find(([, each]) => seconds % each === 0) ?? ["s", 1];
  return `${seconds / length}${unit}`;
}
