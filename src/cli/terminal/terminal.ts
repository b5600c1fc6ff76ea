// The terminal: its width, colours and signs.
import { styleText } from "node:util";
import type { Environment } from "../../config/config.ts";
import { printable } from "../../runtime/foreign-text.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a program is given to speak with: https://pkg.go.dev/k8s.io/cli-runtime/pkg/genericiooptions#IOStreams */
export interface IOStreams {
  /** Standard input, for the one command that reads it; none if absent. */
  readonly stdin?: () => AsyncIterable<Uint8Array | string>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether standard input is a terminal. */
  readonly isInteractive?: boolean;
}

export type Style = "bold" | "dim" | "red" | "yellow" | "green";

export interface Terminal {
  /** Whole lines, of which nothing but our own styles reaches the terminal as an escape. */
  readonly write: (text: string) => void;
  /** Empties the screen. */
  readonly clear: () => void;
  /** Lines from the top of the screen on, in place of those that were there. */
  readonly redraw: (text: string) => void;
  /** Signs in a line; undefined where nobody looks at lines: a pipe or a file, which get them whole. */
  readonly width: number | undefined;
  /** As it is where colours are not wanted. */
  readonly paint: (style: Style, text: string) => string;
  /** Block elements of Unicode can be shown. */
  readonly hasBlocks: boolean;
}

// ECMA-48: cursor home (CUP), and erase to the end of the screen (ED) or of the line (EL), so that nothing flickers.
const escape = "\u001B";
const home = `${escape}[H`;
const eraseRest = `${escape}[J`;
const eraseLine = `${escape}[K`;
const eraseAll = `${escape}[2J`;
// Those of `Style`, as SGR of ECMA-48 sets and ends them.
const styling = new RegExp(String.raw`(${escape}\[(?:1|2|22|31|32|33|39)m)`);

// What a terminal has that does not say how wide it is.
const usualWidth = 80;
// Narrower ones break the lines themselves.
const minWidth = 40;

export function terminal(output: Output, environment: Environment): Terminal {
  const isTerminal = output.isTTY === true;
  // https://no-color.org; a dumb terminal knows no escapes: https://www.gnu.org/software/emacs/manual/html_node/emacs/Terminal.html
  const hasColours = isTerminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  // The first that is set decides: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_02
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  /** Text of others was made harmless where it entered; this is for what was not. */
  const shown = (text: string): string =>
    hasColours
      ? text
          .split(styling)
          .map((part, index) => (index % 2 === 1 ? part : printable(part)))
          .join("")
      : printable(text);
  return {
    write: (text) => void output.write(shown(text)),
    clear: () => void output.write(`${eraseAll}${home}`),
    redraw: (text) => void output.write(`${home}${shown(text).replaceAll("\n", `${eraseLine}\n`)}${eraseRest}`),
    width: isTerminal ? Math.max(output.columns ?? usualWidth, minWidth) : undefined,
    paint: (style, text) => (hasColours ? styleText(style, printable(text), { validateStream: false }) : text),
    hasBlocks: isTerminal && /utf-?8/i.test(locale),
  };
}
