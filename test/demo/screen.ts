// The output of the story, on a terminal and in a file.
import { styleText } from "node:util";

export interface Screen {
  title(text: string): void;
  heading(text: string): void;
  /** Wrapped to the width. */
  paragraph(text: string): void;
  /** Several lines as they are, set in. */
  block(text: string): void;
  /** Something worked. */
  done(text: string, milliseconds?: number): void;
  /** Something did not. */
  failed(text: string): void;
  /** What is going on right now: in place on a terminal, not shown elsewhere. The next call replaces it. */
  live(text: string): void;
}

export type Sink = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

// Longer lines are hard to read: https://www.w3.org/TR/WCAG21/#visual-presentation asks for 80 at most, ours have a margin.
const widest = 100;
const margin = "  ";
// A gap and "12,345 ms".
const timeWidth = 10;
// Carriage return and "erase the line": ECMA-48 EL 2.
const erase = "\r\u001B[2K";

export function screen(sink: Sink): Screen {
  const width = Math.min(sink.columns || widest, widest);
  const style = (format: "bold" | "green" | "red" | "cyan" | "dim", text: string): string =>
    styleText(format, text, { stream: sink });
  let shown = "";
  const write = (text: string): void => {
    sink.write(`${shown === "" ? "" : erase}${text}\n`);
    shown = "";
  };
  const ticked = (tick: string, time: string, text: string): void => {
    const indent = margin.length + 1 + timeWidth + 2;
    const [first = "", ...rest] = wrap(text, width - indent);
    write(`${margin}${tick}${style("dim", time.padStart(timeWidth))}  ${first}`);
    for (const line of rest) write(`${" ".repeat(indent)}${line}`);
  };
  return {
    title: (text) => write(`\n${style("bold", text)}`),
    heading: (text) => write(`\n${style("bold", text)}`),
    paragraph: (text) => {
      for (const line of wrap(text, width - margin.length)) write(`${margin}${line}`);
    },
    block: (text) =>
      write(
        text
          .trimEnd()
          .replaceAll(/^(?=.)/gm, margin.repeat(3))
          .replaceAll(/^.+$/gm, (line) => style("cyan", line)),
      ),
    done: (text, milliseconds) =>
      ticked(style("green", "✓"), milliseconds === undefined ? "" : inMilliseconds(milliseconds), text),
    failed: (text) => ticked(style("red", "✗"), "", text),
    live: (text) => {
      const line = `${margin}… ${text}`.slice(0, width - 1);
      if (!sink.isTTY || line === shown) return;
      sink.write(`${erase}${line}`);
      shown = line;
    },
  };
}

/** Such as `1,234 ms`. */
function inMilliseconds(milliseconds: number): string {
  return `${Math.round(milliseconds).toLocaleString("en")} ms`;
}

/** Lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
