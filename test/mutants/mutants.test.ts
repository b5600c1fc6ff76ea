// Tests that the list of faults that are put back still fits the source.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mutants } from "./all.ts";

const root = join(import.meta.dirname, "..", "..");

describe("the faults that are put back", () => {
  it("are all that have been seen", () => {
    const numbered = mutants.flatMap(({ fault }) => (typeof fault === "number" ? fault : []));
    expect(new Set(numbered)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });

  it.each(mutants)("fit the source: $name", ({ edits, foundBy }) => {
    for (const { file, from, to } of edits) {
      const count = readFileSync(join(root, file), "utf8").split(from).length - 1;
      expect({ file, from, count }).toEqual({ file, from, count: 1 });
      expect(to).not.toBe(from);
    }
    expect(existsSync(join(root, foundBy.path))).toBe(true);
  });

  it.each(mutants.filter(({ foundBy }) => foundBy.test !== undefined))(
    "name a test that is there: $name",
    ({ foundBy: { path, test = "" } }) => {
      const text = readFileSync(join(root, path), "utf8");
      // Histories that are played from a list have their names there.
      const lists = ["test/threats/known.ts", "test/world/known.ts"].map((list) =>
        readFileSync(join(root, list), "utf8"),
      );
      expect([text, ...lists].some((each) => each.includes(test))).toBe(true);
    },
  );
});
