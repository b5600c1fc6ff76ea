// How is JSON read whose strings may be far longer than any that matters, without holding them?

const quote = 0x22;
const backslash = 0x5c;
const letterU = 0x75;

/**
 * For one JSON document, or several one after the other, that comes in pieces: gives each piece without what strings
 * have beyond `longest` bytes, so that it is JSON still, with the same names and values but for the ends of those strings.
 * A string is cut at the first character from there on, never within one: so whoever tests for at most `longest`
 * characters of base64 sees that it had more.
 */
export function cutStrings(longest: number): (piece: Buffer) => Buffer {
  // Where the last piece ended: RFC 8259, section 7. `escaped` bytes of an escape are still to come.
  let place = { isString: false, isCut: false, length: 0, escaped: 0 };
  return (piece) => {
    // Local for speed: this runs once per byte.
    let { isString, isCut, length, escaped } = place;
    const kept: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] ?? 0;
      if (!isString) {
        isString = byte === quote;
        length = 0;
        continue;
      }
      if (escaped > 0) {
        // Four hexadecimal digits follow, none of which is a u.
        escaped = byte === letterU ? 4 : escaped - 1;
      } else if (byte === quote) {
        if (isCut) from = at;
        isString = isCut = false;
      } else {
        if (!isCut && length >= longest && !continues(byte)) {
          kept.push(piece.subarray(from, at));
          isCut = true;
        }
        if (byte === backslash) escaped = 1;
      }
      length += 1;
    }
    place = { isString, isCut, length, escaped };
    if (!isCut && from === 0) return piece;
    if (!isCut) kept.push(piece.subarray(from));
    // A copy: what is left of a large piece would keep all of it in memory.
    return Buffer.concat(kept);
  };
}

/** Is it not the first byte of its character? RFC 3629, section 3. */
function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
