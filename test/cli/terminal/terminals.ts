// The terminals that the tests of commands write to.
import type { Terminal } from "../../../src/cli/terminal/terminal.ts";

/** Colours are shown as `<green>text</>`. */
export function testTerminal(changes: Partial<Terminal> = {}): Terminal {
  return {
    write: () => undefined,
    clear: () => undefined,
    redraw: () => undefined,
    width: undefined,
    paint: (_style, text) => text,
    hasBlocks: true,
    ...changes,
  };
}
