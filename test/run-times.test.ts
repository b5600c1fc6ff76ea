// Does the end of a run tell where its time went, and is a longer one noticed?
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

describe("a run that takes longer than is kept", () => {
  const kept = { total: 100, yardstick: 0.2 };

  it.each([
    ["by a tenth at most, is none", 110, 0.2, false],
    ["by more than a tenth, is told", 111, 0.2, true],
    ["on a machine of half the speed, may take twice as long", 220, 0.4, false],
    ["even for a machine of half the speed, is told", 221, 0.4, true],
    ["on a faster machine, is told all the same", 111, 0.1, true],
  ])("%s", (_what, seconds, yardstick, isTold) => {
    const said = overTotal([file("a.test.ts", seconds)], kept, yardstick);
    expect(said?.includes("test/kept-total.ts") ?? false).toBe(isTold);
  });
});
