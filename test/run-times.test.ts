// Tests that the end of a run reports where its time went, and that a longer one is noticed.
import { neighboursShare } from "./neighbours.ts";
import { describe, expect, it } from "vitest";
import { type FileTimes, overTotal, readTimes, timesTable } from "./run-times.ts";

const file = (name: string, ...seconds: readonly number[]): FileTimes => ({
  phase: "integration",
  file: name,
  seconds: seconds.reduce((sum, each) => sum + each, 0),
  tests: seconds.map((each, index) => ({ name: `test ${index}`, seconds: each })),
});

describe("the table at the end of a run", () => {
  it("has the seconds of each file and of the slowest tests, and marks what is too long", () => {
    const times = [
      file("a.test.ts", 14.9, 15.1),
      file("b.test.ts", 20, 20.1),
      file("c.test.ts", 0.3),
      file("d.test.ts", 0.4),
    ];
    expect(timesTable(times, 50).split("\n")).toEqual([
      "=== Seconds per file (over 40 s: !)",
      "    40.1 ! b.test.ts (integration)",
      "    30.0   a.test.ts (integration)",
      "     0.7   2 files of less than 1 s each",
      "=== The slowest tests (over 15 s: !)",
      "    20.1 ! b.test.ts: test 1",
      "    20.0 ! b.test.ts: test 0",
      "    15.1 ! a.test.ts: test 1",
      "    14.9   a.test.ts: test 0",
      "     0.4   d.test.ts: test 0",
      "     0.3   c.test.ts: test 0",
      "=== Total",
      "    70.8   in 4 files, some of them at the same time",
      "    50.0   from beginning to end",
    ]);
  });

  it("names ten tests at most", () => {
    const lines = timesTable([file("a.test.ts", ...Array.from({ length: 30 }, () => 1))], 1).split("\n");
    expect(lines.filter((line) => line.includes(": test "))).toHaveLength(10);
  });

  it("is read from vitest's report", () => {
    const report = {
      numPassedTests: 1,
      numFailedTests: 0,
      numPendingTests: 1,
      numTodoTests: 0,
      testResults: [
        {
          name: "/root/test/a.test.ts",
          status: "passed",
          message: "",
          startTime: 1_000,
          endTime: 3_500,
          assertionResults: [
            { fullName: "runs", status: "passed", duration: 2_000, failureMessages: [] },
            { fullName: "is skipped", status: "pending", failureMessages: [] },
          ],
        },
      ],
    };
    expect(readTimes(report, "unit", "/root")).toEqual([
      {
        phase: "unit",
        file: "test/a.test.ts",
        seconds: 2.5,
        tests: [
          { name: "runs", seconds: 2 },
          { name: "is skipped", seconds: 0 },
        ],
      },
    ]);
  });
});

it.each([
  ["what ran at a lower priority meanwhile", { nice: 30, user: 50, idle: 20 }, 0.3],
  ["nothing, where all ran at the usual one", { nice: 0, user: 80, idle: 20 }, 0],
  ["nothing, where no time went by", { nice: 0, user: 0, idle: 0 }, 0],
])("neighbours have %s", (_what, spent, share) => {
  const at = (nice: number, user: number, idle: number) => ({ nice, user, idle, sys: 0, irq: 0 });
  const before = [at(5, 7, 9), at(1000, 1, 1)];
  const after = [at(5 + spent.nice, 7 + spent.user, 9 + spent.idle), at(1000, 1, 1)];
  expect(neighboursShare(before, after)).toBeCloseTo(share);
});

describe("a run that takes longer than is kept", () => {
  const kept = { total: 100, yardstick: 0.2 };

  it.each([
    ["by a tenth at most, is none", 110, { yardstick: 0.2, neighbours: 0 }, false],
    ["by more than a tenth, is told", 111, { yardstick: 0.2, neighbours: 0 }, true],
    ["on a machine of half the speed, may take twice as long", 220, { yardstick: 0.4, neighbours: 0 }, false],
    ["even for a machine of half the speed, is told", 221, { yardstick: 0.4, neighbours: 0 }, true],
    ["on a faster machine, is told all the same", 111, { yardstick: 0.1, neighbours: 0 }, true],
    ["beside neighbours that have half of it, may take twice as long", 220, { yardstick: 0.2, neighbours: 0.5 }, false],
    ["even for a machine with neighbours, is told", 221, { yardstick: 0.2, neighbours: 0.5 }, true],
  ])("%s", (_what, seconds, machine, isReported) => {
    const report = overTotal([file("a.test.ts", seconds)], kept, machine);
    expect(report?.includes("test/kept-total.ts") ?? false).toBe(isReported);
  });
});
