// Reads an answer of the API server into a value, within a bound of its size.
import type { IncomingHttpHeaders } from "node:http";
import { type ApiError, malformed, unavailable } from "./api-error.ts";
import type { JsonReader } from "./shaped-json.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty where a reader was given. */
  readonly text: string;
  /** What the reader has read. Throws ApiError `unavailable` where the text is no whole JSON document. */
  json(): unknown;
}

/** An answer with a good status, whose body has not been read. */
interface Answered {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
}

// The largest object that etcd takes has 1.5 MiB (--max-request-bytes). Whatever may be larger has a reader.
const longestText = 4 * 1024 * 1024;

/** Without a reader it is held as a text of at most 4 MiB. Rejects with what reading throws, or with an ApiError. */
export async function apiAnswer(
  { statusCode: status, headers, body }: Answered,
  reader: JsonReader | undefined,
): Promise<ApiAnswer> {
  if (reader) {
    const value = await valueOf(body, reader);
    return { status, headers, text: "", json: () => value };
  }
  const text = await textOf(body);
  return {
    status,
    headers,
    text,
    json: () => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw brokenOff();
      }
    },
  };
}

async function valueOf(body: AsyncIterable<Buffer>, reader: JsonReader): Promise<unknown> {
  try {
    for await (const piece of body) reader.write(piece);
    return reader.end();
  } catch (error) {
    throw error instanceof SyntaxError ? brokenOff() : error;
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > longestText) throw malformed("the API server's answer is longer than 4 MiB");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function brokenOff(): ApiError {
  return unavailable("the API server's answer broke off: it is no whole JSON document", "TruncatedAnswer");
}
