// Which lines are in a stream of bytes that comes in pieces?

const newline = 0x0a;

/**
 * Yields each line as text without its newline; `onBytes` is told of every piece, also of those that end no line.
 * Throws what the source throws. What comes after the last newline is the return value: empty when the stream ended well.
 * Each byte is searched and copied once, however many pieces a line comes in.
 */
export async function* lines(source: AsyncIterable<Buffer>, onBytes?: () => void): AsyncGenerator<string, string> {
  let begun: Buffer[] = [];
  for await (const piece of source) {
    onBytes?.();
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      // Decoded as a whole: a piece may end in the middle of a character.
      yield begun.length === 0
        ? piece.toString("utf8", from, end)
        : Buffer.concat([...begun, piece.subarray(from, end)]).toString("utf8");
      begun = [];
      from = end + 1;
    }
    if (from < piece.length) begun.push(from === 0 ? piece : piece.subarray(from));
  }
  return Buffer.concat(begun).toString("utf8");
}
