// The progress bar of the bench, for somebody who waits for it.

export interface Progress {
  /** A step begins. */
  readonly step: (text: string) => void;
  /** Something worth keeping on the screen. */
  readonly line: (text: string) => void;
  readonly end: () => void;
}

const barWidth = 24;
// "Erase the line": ECMA-48 EL 2.
const erase = "\r\u001B[2K";

/** `[######------] 12/40 text`, with as much of the bar filled as steps are done. */
export function progressText(done: number, total: number, text: string): string {
  const filled = Math.round((Math.min(done, total) / total) * barWidth);
  return `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] ${done}/${total} ${text}`;
}

/** A bar in place on a terminal; elsewhere a plain line per step. */
export function progress(stream: NodeJS.WriteStream, total: number): Progress {
  let done = 0;
  let shown = "";
  const write = (text: string): void => void stream.write(text);
  return {
    step: (text) => {
      shown = progressText(done, total, text);
      write(stream.isTTY ? erase + shown.slice(0, (stream.columns || 80) - 1) : `${done}/${total} ${text}\n`);
      done += 1;
    },
    line: (text) =>
      write(stream.isTTY ? `${erase}${text}\n${shown.slice(0, (stream.columns || 80) - 1)}` : `${text}\n`),
    end: () => {
      if (stream.isTTY) write(erase);
    },
  };
}
