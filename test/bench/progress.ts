// The progress bar of the bench, for somebody who waits for it.

export interface Progress {
  /** A step begins. */
  readonly step: (text: string) => void;
  /** Something worth keeping on the screen. */
  readonly line: (text: string) => void;
  readonly end: () => void;
}

export interface Progressed {
  /** About so many seconds for each step, on a machine as they are: only how they compare counts once some are over. */
  readonly expected: readonly number[];
  /** Steps that are over. */
  readonly done: number;
  readonly elapsedSeconds: number;
}

const barWidth = 24;
// "Erase the line": ECMA-48 EL 2.
const erase = "\r\u001B[2K";
// What this machine does in the first seconds says little about it.
const trustedAfterSeconds = 20;

/** `[######------] 12/40, 9 min left: text`, with as much of the bar filled as steps are done. */
export function progressText(progressed: Progressed, text: string): string {
  const { done, expected } = progressed;
  const filled = Math.round((Math.min(done, expected.length) / expected.length) * barWidth);
  return `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] ${counted(progressed)}: ${text}`;
}

/** What is left as expected, made longer or shorter as the steps before were. */
export function secondsLeft({ expected, done, elapsedSeconds }: Progressed): number {
  const over = total(expected.slice(0, done));
  const pace = over >= trustedAfterSeconds ? elapsedSeconds / over : 1;
  return total(expected.slice(done)) * pace;
}

function counted(progressed: Progressed): string {
  const seconds = secondsLeft(progressed);
  const left = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
  return `${progressed.done}/${progressed.expected.length}, ${left} left`;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** A bar in place on a terminal; elsewhere a plain line per step. */
export function progress(stream: NodeJS.WriteStream, expected: readonly number[]): Progress {
  const began = performance.now();
  let done = 0;
  let shown = "";
  const write = (text: string): void => void stream.write(text);
  return {
    step: (text) => {
      const progressed = { expected, done, elapsedSeconds: (performance.now() - began) / 1000 };
      shown = progressText(progressed, text);
      write(stream.isTTY ? erase + shown.slice(0, (stream.columns || 80) - 1) : `${counted(progressed)}: ${text}\n`);
      done += 1;
    },
    line: (text) =>
      write(stream.isTTY ? `${erase}${text}\n${shown.slice(0, (stream.columns || 80) - 1)}` : `${text}\n`),
    end: () => {
      if (stream.isTTY) write(erase);
    },
  };
}
