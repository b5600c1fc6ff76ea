// What can whoever reads the output see: how wide, in colour, with which signs?
import { styleText } from "node:util";
import type { Environment } from "../../config.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Style = "bold" | "dim" | "red" | "yellow" | "green";

export interface Terminal {
  readonly write: (text: string) => void;
  /** Signs in a line; undefined where nobody looks at lines: a pipe or a file, which get them whole. */
  readonly width: number | undefined;
  /** As it is where colours are not wanted. */
  readonly paint: (style: Style, text: string) => string;
  /** Block elements of Unicode can be shown. */
  readonly hasBlocks: boolean;
}

// What a terminal has that does not say how wide it is.
const usualWidth = 80;
// Narrower ones break the lines themselves.
const leastWidth = 40;

export function terminal(output: Output, environment: Environment): Terminal {
  const isTerminal = output.isTTY === true;
  // https://no-color.org; a dumb terminal knows no escapes: https://www.gnu.org/software/emacs/manual/html_node/emacs/Terminal.html
  const hasColours = isTerminal && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  // The first that is set decides: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_02
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  return {
    write: (text) => void output.write(text),
    width: isTerminal ? Math.max(output.columns ?? usualWidth, leastWidth) : undefined,
    paint: (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text),
    hasBlocks: isTerminal && /utf-?8/i.test(locale),
  };
}
