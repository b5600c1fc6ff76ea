// Parser of JSON in pieces that keeps only what a shape wants and never holds the rest.
import { type Shape, tooLarge } from "./shape.ts";
import { stringScan, valueScan } from "./json-scan.ts";
import { jsonText } from "./json-text.ts";

export interface JsonReader {
  /** The next bytes of the document. Throws SyntaxError, which quotes nothing, where they are no JSON. */
  write(piece: Buffer): void;
  /** What was wanted. Throws SyntaxError where the document is not whole. */
  end(): unknown;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const [openList, closeList] = [0x5b, 0x5d];
const [openObject, closeObject] = [0x7b, 0x7d];

// The longest that Kubernetes takes has 317: a label's or an annotation's, 253 of its prefix, a slash, 63 of its name.
const longestKey = 1024;
// Numbers are those of int64; null, true, false.
const longestScalar = 64;

type Container = Exclude<Shape, { readonly kind: "text" | "whole" }>;

/** A wanted object or list that is not over yet. */
interface Frame {
  readonly shape: Container;
  written: number;
  begun: number;
  /** Of a map: bytes that are left for what is not named. */
  left: number;
}

/** What comes next, or what the last piece has ended in the middle of. */
type Place =
  | "value"
  | "key"
  | "colon"
  | "next"
  | "in key"
  | "in text"
  | "in scalar"
  | "in whole"
  | "in item"
  | "in unwanted"
  | "over";

/** Takes the bytes of one item after the other. */
export interface Items {
  write(piece: Buffer): void;
  /** The item is over. */
  end(): void;
}

/** Reads what `shape` says; `items` is given what is in an `each`. Nothing that comes is believed to be small. */
export function shapedReader(shape: Shape, items?: Items): JsonReader {
  const out = jsonText();
  const frames: Frame[] = [];
  const strings = stringScan();
  const values = valueScan();
  let place: Place = "value";
  let key = "";
  let keyBytes: Buffer = Buffer.alloc(0);
  // Of the value under way: where it begins in `out`, how long it is so far, and how long it may be.
  let start = 0;
  let length = 0;
  let limit = 0;
  let isWanted = true;

  const beginMember = (): void => {
    const frame = frames.at(-1);
    if (frame) {
      if (frame.written > 0) out.text(",");
      frame.written += 1;
      if (!isList(frame.shape)) out.text(`${JSON.stringify(key)}:`);
    }
    start = out.length;
  };
  const endValue = (): void => {
    place = frames.length > 0 ? "next" : "over";
  };
  const open = (container: Container): void => {
    beginMember();
    out.text(isList(container) ? "[" : "{");
    const left = container.kind === "map" ? (container.others ?? -1) : 0;
    frames.push({ shape: container, written: 0, begun: 0, left });
    place = isList(container) ? "value" : "key";
  };
  const close = (byte: number): void => {
    const frame = frames.pop();
    if (byte !== (frame && isList(frame.shape) ? closeList : closeObject)) throw noJson();
    out.text(byte === closeList ? "]" : "}");
    endValue();
  };

  /** The shape of the value that begins; undefined where it is not wanted. */
  const shapeHere = (): Shape | undefined => {
    const frame = frames.at(-1);
    if (!frame) return shape;
    frame.begun += 1;
    switch (frame.shape.kind) {
      case "record":
        return frame.shape.fields.get(key);
      case "each":
        return undefined;
      case "list":
        return frame.begun > frame.shape.items + 1 ? undefined : frame.shape.of;
      case "map": {
        const named = frame.shape.named.get(key);
        if (named !== undefined) return { kind: "text", bytes: named };
        if (frame.left < 0) return undefined;
        frame.left -= keyBytes.length;
        return { kind: "text", bytes: Math.max(frame.left, 0) };
      }
    }
  };
  const beginValue = (byte: number): void => {
    const wanted = shapeHere();
    length = 0;
    if (frames.at(-1)?.shape.kind === "each" && byte === openObject) {
      place = "in item";
      items?.write(Buffer.of(byte));
      values.begin(byte);
    } else if (byte !== openObject && byte !== openList && byte !== quote) {
      place = "in scalar";
      isWanted = wanted !== undefined;
      if (isWanted) beginMember();
    } else if (wanted && !("bytes" in wanted) && byte === (isList(wanted) ? openList : openObject)) {
      open(wanted);
    } else if (wanted?.kind === "text" && byte === quote) {
      place = "in text";
      limit = wanted.bytes;
      beginMember();
      out.text('"');
      strings.begin(byte);
    } else if (wanted?.kind === "whole") {
      place = "in whole";
      limit = wanted.bytes;
      length = 1;
      beginMember();
      out.text(String.fromCodePoint(byte));
      values.begin(byte);
    } else {
      place = "in unwanted";
      values.begin(byte);
    }
  };

  const readKey = (piece: Buffer, at: number): number => {
    const end = strings.end(piece, at);
    const more = piece.subarray(at, Math.min((end ?? piece.length + 1) - 1, at + longestKey - keyBytes.length));
    // A copy where it goes on, for what is left of a piece would keep all of it in memory.
    keyBytes = keyBytes.length === 0 && end !== undefined ? more : Buffer.concat([keyBytes, more]);
    if (end === undefined) return piece.length;
    const text = keyBytes.toString();
    key = text.includes("\\") && keyBytes.length < longestKey ? String(parsed(`"${text}"`)) : text;
    place = "colon";
    return end;
  };
  const readText = (piece: Buffer, at: number): number => {
    const end = strings.end(piece, at);
    const to = (end ?? piece.length + 1) - 1;
    // One byte more than the limit tells that it is longer.
    out.bytes(piece, at, Math.min(to, at + limit + 1 - length));
    length += to - at;
    if (end === undefined) return piece.length;
    if (length > limit) out.dropHalfEscape(start + 1);
    const frame = frames.at(-1);
    if (frame?.shape.kind === "map" && !frame.shape.named.has(key)) frame.left -= length;
    out.text('"');
    endValue();
    return end;
  };
  const readScalar = (piece: Buffer, at: number): number => {
    let end = at;
    while (end < piece.length && !endsScalar(piece[end] ?? 0)) end += 1;
    length += end - at;
    if (length > longestScalar || length === 0) throw noJson();
    if (isWanted) out.bytes(piece, at, end);
    if (end < piece.length) endValue();
    return end;
  };
  const readWhole = (piece: Buffer, at: number): number => {
    const end = values.end(piece, at);
    const to = end ?? piece.length;
    length += to - at;
    if (length <= limit) out.bytes(piece, at, to);
    else {
      out.cut(start);
      out.text(JSON.stringify(tooLarge));
      place = "in unwanted";
    }
    if (end !== undefined) endValue();
    return to;
  };
  const readItem = (piece: Buffer, at: number): number => {
    const end = values.end(piece, at);
    items?.write(piece.subarray(at, end));
    if (end !== undefined) {
      endValue();
      items?.end();
    }
    return end ?? piece.length;
  };
  const passUnwanted = (piece: Buffer, at: number): number => {
    const end = values.end(piece, at);
    if (end !== undefined) endValue();
    return end ?? piece.length;
  };

  const step = (piece: Buffer, at: number): number => {
    if (place === "in item") return readItem(piece, at);
    if (place === "in unwanted") return passUnwanted(piece, at);
    if (place === "in text") return readText(piece, at);
    if (place === "in key") return readKey(piece, at);
    if (place === "in scalar") return readScalar(piece, at);
    if (place === "in whole") return readWhole(piece, at);
    const byte = piece[at] ?? 0;
    if (isSpace(byte)) return at + 1;
    const frame = frames.at(-1);
    if (place === "value") {
      const isEmptyList = byte === closeList && frame?.begun === 0 && isList(frame.shape);
      if (isEmptyList) close(byte);
      else beginValue(byte);
      // A scalar has no first byte of its own.
      return (place as Place) === "in scalar" ? at : at + 1;
    }
    if (place === "key" && byte === quote) {
      place = "in key";
      keyBytes = Buffer.alloc(0);
      strings.begin(byte);
    } else if (place === "key" && frame?.begun === 0) close(byte);
    else if (place === "colon" && byte === colon) place = "value";
    else if (place === "next" && byte === comma) place = frame && isList(frame.shape) ? "value" : "key";
    else if (place === "next") close(byte);
    else throw noJson();
    return at + 1;
  };

  return {
    write: (piece) => {
      for (let at = 0; at < piece.length;) at = step(piece, at);
    },
    end: () => {
      if (place === "in scalar" && frames.length === 0) endValue();
      if (place !== "over") throw noJson();
      return parsed(out.take(0));
    },
  };
}

const isList = ({ kind }: Container): boolean => kind === "list" || kind === "each";

/** The error of JSON.parse quotes the text, which may be a Secret. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noJson();
  }
}

const noJson = (): SyntaxError => new SyntaxError("it is no whole JSON document");

// RFC 8259, section 2.
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const endsScalar = (byte: number): boolean =>
  byte === comma || byte === closeList || byte === closeObject || isSpace(byte);
