// Prints the progress of a long step for somebody who waits for it.

/** Where progress is told. */
export interface Printer {
  /** Said once, kept. */
  line(text: string): void;
  /** The latest state of a running step: in place on a terminal, elsewhere a line now and then. */
  status(text: string): void;
}

// Often enough to look alive in the log of a build server, rarely enough not to fill it.
const quiet = Temporal.Duration.from({ seconds: 15 });
// Some terminals do not say how wide they are.
const usualColumns = 80;
const lively = Temporal.Duration.from({ milliseconds: 500 });

/** Prints to `log`, one line per call; a status at most every 15 s. */
export function linePrinter(log: (line: string) => void): Printer {
  return { line: log, status: atMostEvery(quiet, log) };
}

/** Prints to a stream, overwriting the status if that is a terminal. */
export function streamPrinter(stream: NodeJS.WriteStream): Printer {
  const write = (line: string): void => void stream.write(`${line}\n`);
  if (!stream.isTTY) return linePrinter(write);
  let shown = false;
  // Carriage return and "erase the line": ECMA-48 EL 2.
  const erase = "\r\u001B[2K";
  return {
    line: (text) => {
      stream.write(`${shown ? erase : ""}${text}\n`);
      shown = false;
    },
    status: atMostEvery(lively, (text) => {
      stream.write(`${erase}${text.slice(0, (stream.columns || usualColumns) - 1)}`);
      shown = true;
    }),
  };
}

function atMostEvery(pause: Temporal.Duration, write: (text: string) => void): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < pause.total("milliseconds")) return;
    last = performance.now();
    write(text);
  };
}
