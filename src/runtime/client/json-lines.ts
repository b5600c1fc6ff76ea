// Splits a stream of bytes into JSON documents, one on each line.
import type { Shape } from "./shape.ts";
import { boundedReader } from "./bounded-json.ts";

const newline = 0x0a;

export interface JsonLines {
  /** The next bytes. Throws SyntaxError, which quotes nothing, for what is no JSON, and what `onValue` throws. */
  write(piece: Buffer): void;
  /** The last byte was the end of a line. */
  isWhole(): boolean;
}

/** Hands out the value of each line that is not empty, as a `boundedReader` reads it. */
export function jsonLines(shape: () => Shape, onValue: (value: unknown) => void): JsonLines {
  const line = boundedReader(shape);
  return {
    write: (piece) => {
      let from = 0;
      for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
        line.write(piece.subarray(from, end));
        from = end + 1;
        if (!line.isEmpty()) onValue(line.end());
      }
      if (from < piece.length) line.write(piece.subarray(from));
    },
    isWhole: () => line.isEmpty(),
  };
}
