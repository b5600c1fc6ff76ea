// How is a value written in DER, the encoding of certificates?

// Tags: ITU-T X.690 section 8, https://www.itu.int/rec/T-REC-X.690
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
};

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  return size < 0x100 ? Buffer.from([0x81, size]) : Buffer.from([0x82, size >> 8, size & 0xff]);
}

function value(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

/** An object identifier's arc in base 128, the continuation bit set on all bytes but the last. */
function arc(number: number): number[] {
  const bytes = [number & 0x7f];
  for (let rest = number >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

/** The few kinds of value that a certificate is made of. Contents up to 64 KiB. */
export const der = {
  sequence: (...contents: readonly Uint8Array[]): Buffer => value(tags.sequence, ...contents),
  set: (...contents: readonly Uint8Array[]): Buffer => value(tags.set, ...contents),
  /** A context-specific tag around `contents`. */
  tagged: (number: number, ...contents: readonly Uint8Array[]): Buffer => value(0xa0 | number, ...contents),
  /** A context-specific tag in place of the content's own. */
  implicit: (number: number, content: Uint8Array): Buffer => value(0x80 | number, content),
  /** A positive number, most significant byte first; its first bit must be 0. */
  integer: (bytes: Uint8Array): Buffer => value(tags.integer, bytes),
  yes: (): Buffer => value(tags.boolean, Buffer.from([0xff])),
  bits: (bytes: Uint8Array, unused = 0): Buffer => value(tags.bits, Buffer.from([unused]), bytes),
  octets: (bytes: Uint8Array): Buffer => value(tags.octets, bytes),
  text: (text: string): Buffer => value(tags.utf8, Buffer.from(text)),
  oid: (dotted: string): Buffer => {
    const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
    return value(tags.oid, Buffer.from([first * 40 + second, ...rest.flatMap(arc)]));
  },
  /** UTCTime, which has two digits for the year: RFC 5280 section 4.1.2.5.1 wants it up to 2049. */
  time: (instant: Temporal.Instant): Buffer =>
    value(
      tags.time,
      Buffer.from(
        `${instant
          .toString({ smallestUnit: "second" })
          .replace(/[-:TZ]/g, "")
          .slice(2)}Z`,
      ),
    ),
};
