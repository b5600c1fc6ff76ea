// Tests that the output is formatted for a terminal, and plain elsewhere.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminal } from "../../../src/cli/terminal/terminal.ts";
import { textTable, wrapped } from "../../../src/cli/terminal/layout.ts";
import { timeLeft, timeLeftText } from "../../../src/cli/terminal/time-left.ts";
import { testTerminal } from "./terminals.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

const now = Temporal.Instant.from("2026-11-25T12:00:00Z");
const write = (): void => undefined;

describe("a terminal", () => {
  it("has colours and blocks, and the width that it says", () => {
    const shown = terminal({ write, isTTY: true, columns: 120 }, { LANG: "en_GB.UTF-8" });
    expect(shown).toMatchObject({ width: 120, hasBlocks: true });
    expect(shown.paint("red", "no")).toBe("\u001B[31mno\u001B[39m");
  });

  it.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("has no colours with %o", (environment) => {
    expect(terminal({ write, isTTY: true }, environment).paint("red", "no")).toBe("no");
  });

  it("has no blocks where the locale does not know them", () => {
    expect(terminal({ write, isTTY: true }, { LC_ALL: "C", LANG: "en_GB.UTF-8" }).hasBlocks).toBe(false);
  });
});

describe("whatever is written", () => {
  const styles = new RegExp(String.raw`${"\u001B"}\[(?:1|2|22|31|32|33|39)m`, "g");
  const shown = (isTTY: boolean, text: string): string => {
    let written = "";
    const out = terminal({ write: (each: string) => (written += each), isTTY }, {});
    out.write(text);
    out.write(out.paint("red", text));
    return written;
  };

  it("reaches a terminal with no escape but our own styles, and a pipe with none", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const plain = text.replaceAll(styles, "");
        expect(obeyedIn(shown(false, text).replaceAll(/[\n\t]/g, ""))).toEqual([]);
        expect(
          obeyedIn(
            shown(true, plain)
              .replaceAll(styles, "")
              .replaceAll(/[\n\t]/g, ""),
          ),
        ).toEqual([]);
      }),
    );
  });

  it("is one line in a sentence and in a cell", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(wrapped(text, undefined)).toHaveLength(1);
        expect(textTable([{ title: "A" }], [[text]], testTerminal()).split("\n")).toHaveLength(3);
      }),
    );
  });
});

describe("a pipe", () => {
  it("has neither width nor colours nor blocks", () => {
    const shown = terminal({ write, columns: 80 }, { LANG: "en_GB.UTF-8" });
    expect(shown).toMatchObject({ width: undefined, hasBlocks: false });
    expect(shown.paint("red", "no")).toBe("no");
  });
});

describe("a table", () => {
  const columns = [
    { title: "NAME" },
    { title: "SPARE", spare: 1 },
    { title: "MORE SPARE", spare: 2 },
    { title: "LAST" },
  ];
  const rows = [["a", "1", "2", "the longest cell of all"]];

  it("is whole where nothing bounds it", () => {
    expect(textTable(columns, rows, testTerminal())).toBe(
      "NAME   SPARE   MORE SPARE   LAST\na      1       2            the longest cell of all\n",
    );
  });

  it.each([
    [52, "NAME   SPARE   MORE SPARE   LAST"],
    [45, "NAME   SPARE   LAST"],
    [30, "NAME   LAST"],
  ])("leaves out in %i columns what is spared first", (width, header) => {
    expect(textTable(columns, rows, testTerminal({ width })).split("\n")[0]).toBe(header);
  });

  it("cuts the last column where nothing can be left out any more", () => {
    expect(textTable(columns, rows, testTerminal({ width: 20 })).split("\n")[1]).toBe("a      the longes...");
  });

  it("pads by what is seen, not by the colour's escapes", () => {
    const painted = testTerminal({ width: 40, paint: (_style, text) => `\u001B[31m${text}\u001B[39m` });
    const text = textTable([{ title: "A" }, { title: "B" }], [[{ text: "x", style: "red" }, "y"]], painted);
    expect(text.split("\n")[1]).toBe("\u001B[31mx\u001B[39m   y");
  });
});

describe("what is left of a life", () => {
  it.each([
    ["2026-11-27T16:30:00Z", "2d 4h"],
    ["2026-11-25T17:12:59Z", "5h 12m"],
    ["2026-11-25T12:03:09Z", "3m 9s"],
    ["2026-11-25T13:00:00Z", "1h"],
    ["2026-11-25T12:00:00Z", "expired"],
    ["2026-11-24T12:00:00Z", "expired"],
  ])("is said in two units: %s", (until, text) => {
    expect(timeLeftText(Temporal.Instant.from(until), now)).toBe(text);
  });

  const life = (hoursLeft: number): Parameters<typeof timeLeft>[0] => ({
    expiresAt: now.add({ hours: hoursLeft }),
    refreshedAt: now.add({ hours: hoursLeft - 10 }),
  });

  it.each([
    [6, "██████░░░░ 6h", "green"],
    [4, "████░░░░░░ 4h", "yellow"],
    [1, "█░░░░░░░░░ 1h", "red"],
    [-1, "░░░░░░░░░░ expired", "red"],
  ])("is a bar on a terminal: %i of 10 hours", (hours, text, style) => {
    expect(timeLeft(life(hours), now, testTerminal({ width: 80 }))).toEqual({ text, style });
  });

  it("is a bar of plain signs without Unicode, and a percentage in a pipe", () => {
    expect(timeLeft(life(6), now, testTerminal({ width: 80, hasBlocks: false })).text).toBe("######.... 6h");
    expect(timeLeft(life(6), now, testTerminal()).text).toBe("6h (60%)");
  });
});

describe("a sentence", () => {
  it("is broken between words, and a long word stays whole", () => {
    expect(wrapped("one two three kubectl-command-that-is-long", 12, "  ")).toEqual([
      "  one two",
      "  three",
      "  kubectl-command-that-is-long",
    ]);
  });

  it("is one line in a pipe", () => {
    expect(wrapped("one two three", undefined)).toEqual(["one two three"]);
  });
});
