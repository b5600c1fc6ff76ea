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
  longTime: 0x18,
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
  // Without shifts, which know 32 bits only: the arcs of some owners are larger.
  const bytes = [number % 0x80];
  for (let rest = Math.floor(number / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    bytes.unshift((rest % 0x80) | 0x80);
  }
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
    // X.690 section 8.19.4: the first two are one, which below 2 may have more than 7 bits.
    return value(tags.oid, Buffer.from([first * 40 + second, ...rest].flatMap(arc)));
  },
  /** UTCTime, with two digits for the year, until 2049, and GeneralizedTime from 2050 on: RFC 5280 section 4.1.2.5. */
  time: (instant: Temporal.Instant): Buffer => {
    const written = `${instant.toString({ smallestUnit: "second" }).replace(/[-:TZ]/g, "")}Z`;
    return written < "2050"
      ? value(tags.time, Buffer.from(written.slice(2)))
      : value(tags.longTime, Buffer.from(written));
  },
};
