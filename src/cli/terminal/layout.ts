// Layout: tables and sentences that fit the terminal.
import { oneLine } from "../../runtime/foreign-text.ts";
import type { Style, Terminal } from "./terminal.ts";

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export interface Column {
  readonly title: string;
  /** Of several columns the highest goes first where not all fit; those without one stay. */
  readonly spare?: number;
}

export type Row = readonly (Cell | string)[];

// As kubectl prints: k8s.io/cli-runtime/pkg/printers, tabwriterPadding.
const gap = 3;

/** Lines, each ended by a line break. What does not fit into a terminal leaves out columns, then cuts the last one. */
export function textTable(columns: readonly Column[], rows: readonly Row[], terminal: Terminal): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "string" ? lineOf({ text: cell }) : lineOf(cell))),
  );
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const shown = shownColumns(columns, widths, terminal.width);
  const line = (row: readonly Cell[]): string => {
    let used = 0;
    const parts = shown.map((index, position) => {
      const { text, style } = row[index] ?? { text: "" };
      const isLast = position === shown.length - 1;
      const cell = isLast ? cutTo(text, terminal.width && terminal.width - used) : text;
      const width = (widths[index] ?? 0) + gap;
      used += width;
      const padding = isLast ? "" : " ".repeat(Math.max(width - cell.length, 0));
      return `${style ? terminal.paint(style, cell) : cell}${padding}`;
    });
    return `${parts.join("").trimEnd()}\n`;
  };
  const header = columns.map(({ title }): Cell => ({ text: title, style: "bold" }));
  return [header, ...cells].map(line).join("");
}

/** A cell is one line, whatever its text holds. */
function lineOf({ text, style }: Cell): Cell {
  return { text: oneLine(text), style };
}

function shownColumns(columns: readonly Column[], widths: readonly number[], width: number | undefined): number[] {
  const shown = columns.map((_, index) => index);
  if (width === undefined) return shown;
  const total = (): number => shown.reduce((sum, index) => sum + (widths[index] ?? 0) + gap, -gap);
  while (total() > width) {
    const spare = shown.filter((index) => columns[index]?.spare !== undefined);
    const [first] = spare.toSorted((one, other) => (columns[other]?.spare ?? 0) - (columns[one]?.spare ?? 0));
    if (first === undefined) break;
    shown.splice(shown.indexOf(first), 1);
  }
  return shown;
}

function cutTo(text: string, width: number | undefined): string {
  if (width === undefined || text.length <= width) return text;
  return `${text.slice(0, Math.max(width - 3, 1))}...`;
}

/** Lines without line breaks, whatever the text holds; the first is set in as well. Words that are too long stay whole, so that they can be copied. */
export function wrapped(text: string, width: number | undefined, indent = ""): readonly string[] {
  const sentence = oneLine(text);
  if (width === undefined) return [`${indent}${sentence}`];
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(`${indent}${line}`);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, `${indent}${line}`];
}
