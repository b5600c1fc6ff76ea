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
  return new ShapeReader(shape, items);
}

class ShapeReader implements JsonReader {
  readonly #shape;
  readonly #items;
  readonly #out = jsonText();
  readonly #frames: Frame[] = [];
  readonly #strings = stringScan();
  readonly #values = valueScan();
  #place: Place = "value";
  #key = "";
  #keyBytes: Buffer = Buffer.alloc(0);
  // Of the value under way: where it begins in `out`, how long it is so far, and how long it may be.
  #start = 0;
  #length = 0;
  #limit = 0;
  #isWanted = true;

  constructor(shape: Shape, items?: Items) {
    this.#shape = shape;
    this.#items = items;
  }

  readonly #beginMember = (): void => {
    const frame = this.#frames.at(-1);
    if (frame) {
      if (frame.written > 0) this.#out.text(",");
      frame.written += 1;
      if (!isList(frame.shape)) this.#out.text(`${JSON.stringify(this.#key)}:`);
    }
    this.#start = this.#out.length;
  };

  readonly #endValue = (): void => {
    this.#place = this.#frames.length > 0 ? "next" : "over";
  };

  readonly #open = (container: Container): void => {
    this.#beginMember();
    this.#out.text(isList(container) ? "[" : "{");
    const left = container.kind === "map" ? (container.others ?? -1) : 0;
    this.#frames.push({ shape: container, written: 0, begun: 0, left });
    this.#place = isList(container) ? "value" : "key";
  };

  readonly #close = (byte: number): void => {
    const frame = this.#frames.pop();
    if (byte !== (frame && isList(frame.shape) ? closeList : closeObject)) throw noJson();
    this.#out.text(byte === closeList ? "]" : "}");
    this.#endValue();
  };

  /** The shape of the value that begins; undefined where it is not wanted. */
  readonly #shapeHere = (): Shape | undefined => {
    const frame = this.#frames.at(-1);
    if (!frame) return this.#shape;
    frame.begun += 1;
    switch (frame.shape.kind) {
      case "record":
        return frame.shape.fields.get(this.#key);
      case "each":
        return undefined;
      case "list":
        return frame.begun > frame.shape.items + 1 ? undefined : frame.shape.of;
      case "map": {
        const named = frame.shape.named.get(this.#key);
        if (named !== undefined) return { kind: "text", bytes: named };
        if (frame.left < 0) return undefined;
        frame.left -= this.#keyBytes.length;
        return { kind: "text", bytes: Math.max(frame.left, 0) };
      }
    }
  };

  readonly #beginValue = (byte: number): void => {
    const wanted = this.#shapeHere();
    this.#length = 0;
    if (this.#frames.at(-1)?.shape.kind === "each" && byte === openObject) {
      this.#place = "in item";
      this.#items?.write(Buffer.of(byte));
      this.#values.begin(byte);
    } else if (byte !== openObject && byte !== openList && byte !== quote) {
      this.#place = "in scalar";
      this.#isWanted = wanted !== undefined;
      if (this.#isWanted) this.#beginMember();
    } else if (wanted && !("bytes" in wanted) && byte === (isList(wanted) ? openList : openObject)) {
      this.#open(wanted);
    } else if (wanted?.kind === "text" && byte === quote) {
      this.#place = "in text";
      this.#limit = wanted.bytes;
      this.#beginMember();
      this.#out.text('"');
      this.#strings.begin(byte);
    } else if (wanted?.kind === "whole") {
      this.#place = "in whole";
      this.#limit = wanted.bytes;
      this.#length = 1;
      this.#beginMember();
      this.#out.text(String.fromCodePoint(byte));
      this.#values.begin(byte);
    } else {
      this.#place = "in unwanted";
      this.#values.begin(byte);
    }
  };

  readonly #readKey = (piece: Buffer, at: number): number => {
    const end = this.#strings.end(piece, at);
    const more = piece.subarray(at, Math.min((end ?? piece.length + 1) - 1, at + longestKey - this.#keyBytes.length));
    // A copy where it goes on, for what is left of a piece would keep all of it in memory.
    this.#keyBytes = this.#keyBytes.length === 0 && end !== undefined ? more : Buffer.concat([this.#keyBytes, more]);
    if (end === undefined) return piece.length;
    const text = this.#keyBytes.toString();
    this.#key = text.includes("\\") && this.#keyBytes.length < longestKey ? String(parsed(`"${text}"`)) : text;
    this.#place = "colon";
    return end;
  };

  readonly #readText = (piece: Buffer, at: number): number => {
    const end = this.#strings.end(piece, at);
    const to = (end ?? piece.length + 1) - 1;
    // One byte more than the limit tells that it is longer.
    this.#out.bytes(piece, at, Math.min(to, at + this.#limit + 1 - this.#length));
    this.#length += to - at;
    if (end === undefined) return piece.length;
    if (this.#length > this.#limit) this.#out.dropHalfEscape(this.#start + 1);
    const frame = this.#frames.at(-1);
    if (frame?.shape.kind === "map" && !frame.shape.named.has(this.#key)) frame.left -= this.#length;
    this.#out.text('"');
    this.#endValue();
    return end;
  };

  readonly #readScalar = (piece: Buffer, at: number): number => {
    let end = at;
    while (end < piece.length && !endsScalar(piece[end] ?? 0)) end += 1;
    this.#length += end - at;
    if (this.#length > longestScalar || this.#length === 0) throw noJson();
    if (this.#isWanted) this.#out.bytes(piece, at, end);
    if (end < piece.length) this.#endValue();
    return end;
  };

  readonly #readWhole = (piece: Buffer, at: number): number => {
    const end = this.#values.end(piece, at);
    const to = end ?? piece.length;
    this.#length += to - at;
    if (this.#length <= this.#limit) this.#out.bytes(piece, at, to);
    else {
      this.#out.cut(this.#start);
      this.#out.text(JSON.stringify(tooLarge));
      this.#place = "in unwanted";
    }
    if (end !== undefined) this.#endValue();
    return to;
  };

  readonly #readItem = (piece: Buffer, at: number): number => {
    const end = this.#values.end(piece, at);
    this.#items?.write(piece.subarray(at, end));
    if (end !== undefined) {
      this.#endValue();
      this.#items?.end();
    }
    return end ?? piece.length;
  };

  readonly #passUnwanted = (piece: Buffer, at: number): number => {
    const end = this.#values.end(piece, at);
    if (end !== undefined) this.#endValue();
    return end ?? piece.length;
  };

  readonly #step = (piece: Buffer, at: number): number => {
    if (this.#place === "in item") return this.#readItem(piece, at);
    if (this.#place === "in unwanted") return this.#passUnwanted(piece, at);
    if (this.#place === "in text") return this.#readText(piece, at);
    if (this.#place === "in key") return this.#readKey(piece, at);
    if (this.#place === "in scalar") return this.#readScalar(piece, at);
    if (this.#place === "in whole") return this.#readWhole(piece, at);
    const byte = piece[at] ?? 0;
    if (isSpace(byte)) return at + 1;
    const frame = this.#frames.at(-1);
    if (this.#place === "value") {
      const isEmptyList = byte === closeList && frame?.begun === 0 && isList(frame.shape);
      if (isEmptyList) this.#close(byte);
      else this.#beginValue(byte);
      // A scalar has no first byte of its own.
      return (this.#place as Place) === "in scalar" ? at : at + 1;
    }
    if (this.#place === "key" && byte === quote) {
      this.#place = "in key";
      this.#keyBytes = Buffer.alloc(0);
      this.#strings.begin(byte);
    } else if (this.#place === "key" && frame?.begun === 0) this.#close(byte);
    else if (this.#place === "colon" && byte === colon) this.#place = "value";
    else if (this.#place === "next" && byte === comma) this.#place = frame && isList(frame.shape) ? "value" : "key";
    else if (this.#place === "next") this.#close(byte);
    else throw noJson();
    return at + 1;
  };

  readonly write: JsonReader["write"] = (piece) => {
    for (let at = 0; at < piece.length;) at = this.#step(piece, at);
  };

  readonly end: JsonReader["end"] = () => {
    if (this.#place === "in scalar" && this.#frames.length === 0) this.#endValue();
    if (this.#place !== "over") throw noJson();
    return parsed(this.#out.take(0));
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
