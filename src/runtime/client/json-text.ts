// Puts a JSON text together from parts of another one that comes in pieces.

const backslash = 0x5c;
const letterU = 0x75;

export interface JsonText {
  readonly length: number;
  text(more: string): void;
  /** Bytes of a piece, which is not held. */
  bytes(piece: Buffer, from: number, to: number): void;
  /** Leaves only so many bytes. */
  cut(length: number): void;
  /** A string that begins at `start` was cut: an escape of which only a part is there goes. RFC 8259, section 7. */
  dropHalfEscape(start: number): void;
  /** What there is from `start` on; it is no more there afterwards. */
  take(start: number): string;
}

const firstCapacity = 4096;

export function jsonText(): JsonText {
  let held = Buffer.allocUnsafe(firstCapacity);
  let length = 0;
  const grow = (more: number): void => {
    if (length + more <= held.length) return;
    const larger = Buffer.allocUnsafe(Math.max(held.length * 2, length + more));
    held.copy(larger, 0, 0, length);
    held = larger;
  };
  return {
    get length() {
      return length;
    },
    text: (more) => {
      grow(Buffer.byteLength(more));
      length += held.write(more, length);
    },
    bytes: (piece, from, to) => {
      if (to <= from) return;
      grow(to - from);
      length += piece.copy(held, length, from, to);
    },
    cut: (to) => {
      length = to;
    },
    dropHalfEscape: (start) => {
      // The longest escape, of which the last byte is missing.
      for (let at = length - 1; at >= Math.max(start, length - 5); at -= 1) {
        if (held[at] !== backslash) continue;
        let before = at;
        while (before > start && held[before - 1] === backslash) before -= 1;
        // Each pair of them is an escape of its own.
        const begins = (at - before) % 2 === 0;
        if (begins && at + (held[at + 1] === letterU ? 6 : 2) > length) length = at;
        return;
      }
    },
    take: (start) => {
      const taken = held.toString("utf8", start, length);
      length = start;
      return taken;
    },
  };
}
