// Reads an answer of the API server into a value, within a bound of its size.
import type { IncomingHttpHeaders } from "node:http";
import { type ApiError, malformed, unavailable } from "./api-error.ts";
import type { BodyReader } from "./exchange.ts";
import type { JsonReader } from "./shaped-json.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty where a reader was given. */
  readonly text: string;
  /** What the reader has read. Throws ApiError `unavailable` where the text is no whole JSON document. */
  json(): unknown;
}

// The largest object that etcd takes has 1.5 MiB (--max-request-bytes). Whatever may be larger has a reader.
const longestText = 4 * 1024 * 1024;

// A Status says in a few kilobytes what was refused, and why.
const longestRefusal = 256 * 1024;

/** Without a `json` reader it is held as a text of at most 4 MiB. Throws what reading throws, or an ApiError. */
export function answerReader(
  status: number,
  headers: IncomingHttpHeaders,
  json: JsonReader | undefined,
): BodyReader<ApiAnswer> {
  return json ? valueReader(status, headers, json) : textReader(status, headers);
}

/** The text of an answer that is no good; of one that is longer than any refusal the beginning. */
export function refusalReader(): BodyReader<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  return {
    write: (piece) => {
      bytes += piece.length;
      if (bytes <= longestRefusal) pieces.push(piece);
    },
    end: () => Buffer.concat(pieces).toString(),
  };
}

function valueReader(status: number, headers: IncomingHttpHeaders, reader: JsonReader): BodyReader<ApiAnswer> {
  const orBrokenOff = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw error instanceof SyntaxError ? brokenOff() : error;
    }
  };
  return {
    write: (piece) => orBrokenOff(() => reader.write(piece)),
    end: () => {
      const value = orBrokenOff(() => reader.end());
      return { status, headers, text: "", json: () => value };
    },
  };
}

function textReader(status: number, headers: IncomingHttpHeaders): BodyReader<ApiAnswer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  return {
    write: (piece) => {
      bytes += piece.length;
      if (bytes > longestText) throw malformed("the API server's answer is longer than 4 MiB");
      pieces.push(piece);
    },
    end: () => {
      const text = Buffer.concat(pieces).toString();
      const json = (): unknown => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          throw brokenOff();
        }
      };
      return { status, headers, text, json };
    },
  };
}

function brokenOff(): ApiError {
  return unavailable("the API server's answer broke off: it is no whole JSON document", "TruncatedAnswer");
}
