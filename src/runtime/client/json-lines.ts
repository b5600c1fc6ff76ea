// Splits a stream of bytes into JSON documents, one on each line.
import type { Shape } from "./shape.ts";
import { boundedReader } from "./bounded-json.ts";

const newline = 0x0a;

/**
 * Yields the value of each line that is not empty, as a `boundedReader` reads it. `onBytes` is told of every piece, also of those that end no line. Throws what the source throws, and SyntaxError,
 * which quotes nothing, for what is no JSON. Returns whether the stream ended with the end of a line.
 */
export async function* jsonLines(
  source: AsyncIterable<Buffer>,
  shape: () => Shape,
  onBytes?: () => void,
): AsyncGenerator<unknown, boolean> {
  const line = boundedReader(shape);
  for await (const piece of source) {
    onBytes?.();
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      line.write(piece.subarray(from, end));
      from = end + 1;
      if (!line.isEmpty()) yield line.end();
    }
    if (from < piece.length) line.write(piece.subarray(from));
  }
  return line.isEmpty();
}
