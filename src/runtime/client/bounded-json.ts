// Reads lists and objects that tenants write, bounded in size and as fast as they come.
import { each, record, type Shape, text } from "./shape.ts";
import { type JsonReader, shapedReader } from "./shaped-json.ts";

// Nearly all objects are smaller, and JSON.parse is faster with the whole of one than a walk over its bytes.
const longestWhole = 64 * 1024;

export interface BoundedReader extends JsonReader {
  /** Nothing has come since the last end. */
  isEmpty(): boolean;
}

/**
 * One document after the other: all of it up to 64 KiB, else what `shape` says, which is asked for then. Each byte is copied
 * once, however many pieces a document comes in.
 */
export function boundedReader(shape: () => Shape): BoundedReader {
  let begun: Buffer[] = [];
  let bytes = 0;
  let large: JsonReader | undefined;
  return {
    isEmpty: () => bytes === 0,
    write: (piece) => {
      bytes += piece.length;
      if (bytes > longestWhole && !large) {
        large = shapedReader(shape());
        for (const each of begun) large.write(each);
        begun = [];
      }
      if (large) large.write(piece);
      else if (piece.length > 0) begun.push(piece);
    },
    end: () => {
      const [read, pieces] = [large, begun];
      [large, begun, bytes] = [undefined, [], 0];
      if (read) return read.end();
      try {
        // Decoded as a whole: a piece may end in the middle of a character.
        const [first, ...others] = pieces;
        return JSON.parse((first && others.length === 0 ? first : Buffer.concat(pieces)).toString()) as unknown;
      } catch {
        // The error of JSON.parse quotes the text, which may be a Secret.
        throw new SyntaxError("it is no JSON");
      }
    },
  };
}

// It holds the key where the list goes on: k8s.io/apiserver/pkg/storage/continue.go
const longestContinue = 4096;

const page = record({
  metadata: record({ resourceVersion: text(64), continue: text(longestContinue) }),
  items: each,
});

/** A page of a list without its items, each of which is handed out as it arrives, as a `boundedReader` reads it. */
export function pageReader(shape: () => Shape, onItem: (item: unknown) => void): JsonReader {
  const item = boundedReader(shape);
  return shapedReader(page, { write: (piece) => item.write(piece), end: () => onItem(item.end()) });
}
