// Tests of the table of conditions: each is shown where its row says, and no type is shown that has no row.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conditionOf, conditions, conditionTypes, isBad, isConditionType } from "../../src/api/conditions.ts";
import { servedVersion } from "../../src/api/crd.ts";
import { entryStateNames, worstState } from "../../src/api/entry-states.ts";
import { metricTable } from "../../src/metrics/metric-table.ts";
import { alerts } from "../../tools/generate/alerts.ts";

const text = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const rows = conditionTypes.map((type) => ({ type, ...conditions[type] }));

describe("a condition", () => {
  it.each(rows)("$type is bad in the value that is not its good one, and in no other", ({ type, good }) => {
    const bad = ["True", "False", "Unknown"].filter((status) => isBad({ type, status }));
    expect(bad).toEqual([good === "True" ? "False" : "True"]);
  });

  it("of a type that is not known is not judged", () => {
    expect(["toString", "Synced"].filter((type) => isConditionType(type))).toEqual([]);
    expect(isBad({ type: "Synced", status: "False" })).toBe(false);
  });

  it("that is there only while True says that something is not well, as kstatus has it", () => {
    expect(rows.filter(({ present, good }) => (present === "while True") !== (good === "False"))).toEqual([]);
  });

  it("is found in a status by its type, and none where there is no status", () => {
    const status = { conditions: [{ type: "Ready" }, { type: "Stalled" }] };
    expect(conditionOf(status, "Stalled")).toBe(status.conditions[1]);
    expect(conditionOf(status, "RemovalHeld")).toBe(undefined);
    expect(conditionOf(undefined, "Ready")).toBe(undefined);
  });

  it.each(rows.filter(({ metric }) => metric !== undefined))(
    "$type is told by a metric, and an alert asks for that",
    ({ metric = "", alert }) => {
      expect(Object.keys(metricTable)).toContain(metric);
      expect(alerts().find(({ name }) => name === alert)?.expression).toContain(metric);
    },
  );

  it("has the columns of kubectl that its row names", () => {
    const columns = servedVersion().additionalPrinterColumns.map(({ name, jsonPath }) => `${name} ${jsonPath}`);
    expect(columns).toEqual([
      `Ready .status.conditions[?(@.type=="Ready")].status`,
      "Namespaces .status.namespacesReady",
      "Expires .status.expires",
      `Reason .status.conditions[?(@.type=="Ready")].reason`,
      "Age .metadata.creationTimestamp",
    ]);
  });

  it("that Argo CD is told to look at is one that there is", () => {
    const asked = [...text("config/argocd/health.lua").matchAll(/holds\("(\w+)"\)/g)].map(([, type = ""]) => type);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((type) => !isConditionType(type))).toEqual([]);
  });

  it("may be written by the installed operator, whatever its type", () => {
    const [, allowed = ""] =
      /each\.type in \[([^\]]*)\]/.exec(text("config/restraint/registry-credentials.yaml")) ?? [];
    expect(allowed.split(", ")).toEqual(conditionTypes.map((type) => `'${type}'`));
  });
});

describe("the states of an entry", () => {
  it("are ordered: what has ended before what fails, what fails before what waits, what is proven last", () => {
    const worstFirst = ["Expired", "Failing", "Pending", "PublishedUnverified", "Issued", "Authenticated", "Verified"];
    const ordered: string[] = [];
    let left = entryStateNames.filter(() => true);
    while (left.length > 0) {
      const worst = worstState(left.toReversed());
      ordered.push(worst);
      left = left.filter((name) => name !== worst);
    }
    expect(ordered).toEqual(worstFirst);
  });

  it("are Pending where there is none yet", () => {
    expect(worstState([])).toBe("Pending");
  });
});
