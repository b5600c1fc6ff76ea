// Tests that each alert has its twin and its page, and that the rules use only metrics that exist.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alerts } from "../../tools/generate/alerts.ts";
import { rulesFile } from "../../tools/generate/prometheus-rules.ts";
import { unknownNames } from "./unknown-names.ts";

const text = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const runbook = text("docs/runbook.md");
const named = new Map(alerts().map((alert) => [alert.name, alert]));

describe("the alerts", () => {
  it("have a heading each in the runbook, and no heading is without its alert", () => {
    const headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
    expect(headings.toSorted()).toEqual([...named.keys()].toSorted());
  });

  it("are told in the runbook by what they mean, what to look at and what fixes them", () => {
    for (const section of runbook.split("\n## ").slice(1)) {
      expect(section).toMatch(/^\*\*It means\*\*: /m);
      expect(section).toMatch(/^\*\*Look at\*\*/m);
    }
  });

  it("fire although nothing is measured, or have a twin that does", () => {
    for (const { name, twin } of named.values()) {
      expect(`${name}: ${named.get(twin)?.expression ?? "has no twin"}`).toContain("absent(");
    }
  });

  it.each([...named.values()])("$name asks for metrics and labels that there are", ({ expression }) => {
    expect(unknownNames(expression)).toEqual([]);
  });

  it.each([...named.values()])("$name tells a person in sentences", ({ summary, description }) => {
    expect(summary).toMatch(/^\S.+\.$/);
    expect(description).toMatch(/^\S.+\.$/);
  });

  it("can be scaled down to seconds from the same template", () => {
    const expiring = (scale: number): unknown =>
      rulesFile(scale).groups[0]?.rules.find(({ alert }) => alert === "RegcredTokenExpiring")?.for;
    expect(expiring(1)).toBe("5m");
    expect(expiring(1 / 60)).toBe("5s");
    expect(rulesFile().groups[0]?.rules.find(({ alert }) => alert === "RegcredSuspendedTooLong")?.for).toBe("1d");
  });
});

describe("the commands of the runbook", () => {
  const commands = [...runbook.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = ""]) =>
    block.trim().split("\n"),
  );

  it("are kubectl's, on objects that are there", () => {
    // https://kubernetes.io/docs/reference/kubectl/generated/
    const verbs = "(?:get|describe|logs|top|rollout restart|annotate|patch|auth can-i watch)";
    const kinds = "(?:regcred|pods|leases|events|secrets?|serviceaccount|deployment)";
    const known = new RegExp(`^kubectl ${verbs} (?:${kinds}(?=[ /]|$)|-n regcred-system deployment/regcred)`);
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter((command) => !known.test(command))).toEqual([]);
  });
});
