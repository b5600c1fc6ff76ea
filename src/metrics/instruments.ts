// Counters, gauges and histograms by the names of the metric table. The only user of prom-client.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type MetricDeclaration, type MetricName, metricTable } from "./metric-table.ts";

type Table = typeof metricTable;
type NameOf<Type extends MetricDeclaration["type"]> = {
  [Name in MetricName]: Table[Name]["type"] extends Type ? Name : never;
}[MetricName];

export type Labels<Name extends MetricName> = Readonly<Record<Table[Name]["labels"][number], string>>;

export interface Sample<Name extends MetricName> {
  readonly labels: Labels<Name>;
  readonly value: number;
}

export interface Instruments {
  readonly count: <Name extends NameOf<"counter">>(name: Name, labels: Labels<Name>) => void;
  readonly observe: <Name extends NameOf<"histogram">>(name: Name, labels: Labels<Name>, value: number) => void;
  /** What there is to show is asked anew at each scrape, so that no series outlives its subject. Several may show one name. */
  readonly show: <Name extends NameOf<"gauge" | "counter">>(name: Name, samples: () => Iterable<Sample<Name>>) => void;
  /** Everything, in the text format of Prometheus. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

/** All metrics of the table, in a registry of their own. */
export function instruments(): Instruments {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter>();
  const histograms = new Map<MetricName, Histogram>();
  const shown = new Map<MetricName, (() => Iterable<Sample<MetricName>>)[]>();

  const collect = (name: MetricName, metric: { reset(): void }, set: (sample: Sample<MetricName>) => void): void => {
    const sources = shown.get(name);
    if (!sources) return;
    metric.reset();
    for (const samples of sources) for (const sample of samples()) set(sample);
  };

  for (const [key, declaration] of Object.entries<MetricDeclaration>(metricTable)) {
    const name = key as MetricName;
    const { help, type, labels, buckets } = declaration;
    const configuration = { name, help, labelNames: [...labels], registers: [registry] };
    switch (type) {
      case "counter": {
        const counter: Counter = new Counter<string>({
          ...configuration,
          collect: () => collect(name, counter, (sample) => counter.inc(sample.labels, sample.value)),
        });
        counters.set(name, counter);
        break;
      }
      case "gauge": {
        const gauge: Gauge = new Gauge<string>({
          ...configuration,
          collect: () => collect(name, gauge, (sample) => gauge.set(sample.labels, sample.value)),
        });
        if (labels.length === 0) gauge.remove();
        break;
      }
      case "histogram":
        histograms.set(name, new Histogram({ ...configuration, ...(buckets && { buckets: [...buckets] }) }));
        break;
    }
  }

  return {
    count: (name, labels) => counters.get(name)?.inc(labels),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    show: (name, samples) => void shown.set(name, [...(shown.get(name) ?? []), samples]),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
