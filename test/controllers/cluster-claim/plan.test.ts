// Tests of which of two installs serves, whatever the statuses say.
import { describe, expect, it } from "vitest";
import { servingInstall } from "../../../src/controllers/cluster-claim/plan.ts";
import { credential } from "../../entitlement/objects.ts";

type Row = readonly [name: string, second: number, operatorNamespace?: string];
const from = (rows: readonly Row[]) =>
  rows.map(([name, second, operatorNamespace]) =>
    credential({
      name,
      creationTimestamp: Temporal.Instant.fromEpochMilliseconds(second * 1000),
      ...(operatorNamespace !== undefined && { status: { operatorNamespace } }),
    }),
  );

describe("the install that serves", () => {
  it.each<[string, readonly Row[], object]>([
    ["nobody, where there is nothing to serve", [], { kind: "nobody" }],
    [
      "is for the first to say, on the oldest",
      [
        ["b", 2],
        ["a", 1],
      ],
      { kind: "unclaimed", anchor: { name: "a" } },
    ],
    [
      "is for the first to say, by name among equally old ones",
      [
        ["b", 1],
        ["a", 1],
      ],
      { kind: "unclaimed", anchor: { name: "a" } },
    ],
    ["is ours", [["a", 1, "ours"]], { kind: "ours" }],
    ["is theirs", [["a", 1, "theirs"]], { kind: "theirs", namespace: "theirs", anchor: { name: "a" } }],
    [
      "is that of the oldest claim, if two were made at once",
      [
        ["b", 2, "ours"],
        ["a", 1, "theirs"],
      ],
      { kind: "theirs", namespace: "theirs" },
    ],
    [
      "stays where it is for an older object without a claim",
      [
        ["b", 2, "ours"],
        ["a", 1],
      ],
      { kind: "ours" },
    ],
  ])("%s", (_what, rows, expected) => {
    expect(servingInstall(from(rows), "ours")).toMatchObject(expected);
  });
});
