// Scanner that finds the end of a JSON string or value whose bytes come in pieces.

const quote = 0x22;
const backslash = 0x5c;
const [openList, closeList] = [0x5b, 0x5d];
const [openObject, closeObject] = [0x7b, 0x7d];

export interface JsonScan {
  /** Begins anew, after the quote or bracket `first`. */
  begin(first: number): void;
  /** Where the bytes after the end begin, or undefined where it does not end in this piece. */
  end(piece: Buffer, from: number): number | undefined;
}

/** Of a string; RFC 8259, section 7. */
export function stringScan(): JsonScan {
  let isEscaped = false;
  return {
    begin: () => {
      isEscaped = false;
    },
    end: (piece, from) => {
      // Local for speed: this runs once per byte.
      let escaped = isEscaped;
      for (let at = from; at < piece.length; at += 1) {
        const byte = piece[at];
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) return at + 1;
      }
      isEscaped = escaped;
      return undefined;
    },
  };
}

/** Of an object, a list or a string, whatever is in it. It takes one kind of bracket for the other. */
export function valueScan(): JsonScan {
  const strings = stringScan();
  let isString = false;
  let depth = 0;
  return {
    begin: (first) => {
      isString = first === quote;
      depth = isString ? 0 : 1;
      strings.begin(first);
    },
    end: (piece, from) => {
      for (let at = from; at < piece.length;) {
        if (isString) {
          const end = strings.end(piece, at);
          if (end === undefined) return undefined;
          isString = false;
          at = end;
        } else {
          const byte = piece[at];
          if (byte === openObject || byte === openList) depth += 1;
          else if (byte === closeObject || byte === closeList) depth -= 1;
          else if (byte === quote) {
            isString = true;
            strings.begin(quote);
          }
          at += 1;
        }
        if (depth === 0 && !isString) return at;
      }
      return undefined;
    },
  };
}
