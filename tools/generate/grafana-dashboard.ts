// Writes the dashboard as a file that Grafana reads.
import { dashboard, type Panel } from "./dashboard.ts";

const panelHeight = 8;
// Grafana's grid has 24 columns: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
const panelWidth = 12;
const datasource = { type: "prometheus", uid: "${datasource}" };

export function grafanaDashboard(): object {
  const panels: object[] = [];
  let y = 0;
  for (const [row, members] of Object.entries(dashboard)) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title: row,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    for (const [index, panel] of members.entries()) {
      const gridPos = { x: (index % 2) * panelWidth, y, w: panelWidth, h: panelHeight };
      panels.push({ id: panels.length + 1, gridPos, ...timeSeries(panel) });
      if (index % 2 === 1 || index === members.length - 1) y += panelHeight;
    }
  }
  return {
    uid: "regcred",
    title: "regcred",
    tags: ["regcred"],
    schemaVersion: 39,
    editable: true,
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" }] },
    panels,
  };
}

function timeSeries({ title, description, unit, queries }: Panel): object {
  return {
    type: "timeseries",
    title,
    description,
    datasource,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets: queries.map(({ expression, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr: expression,
      legendFormat: legend,
    })),
  };
}
