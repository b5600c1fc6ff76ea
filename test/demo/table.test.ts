// Tests that a Table looks as kubectl prints it.
import { describe, expect, it } from "vitest";
import { tableText } from "./table.ts";

describe("a Table", () => {
  it("is printed in columns, without those that are only for wide output", () => {
    const text = tableText({
      columnDefinitions: [
        { name: "Name", priority: 0 },
        { name: "Ready" },
        { name: "Detail", priority: 1 },
        { name: "Count" },
      ],
      rows: [{ cells: ["regcred-demo", "True", "long", 51] }, { cells: ["b", null, "long", 7] }],
    });
    expect(text).toBe(
      ["NAME           READY   COUNT", "regcred-demo   True    51", "b                      7"].join("\n"),
    );
  });
});
