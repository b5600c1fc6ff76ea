// Is a docker config too large to be handed to every namespace?
import type { Failure } from "../errors.ts";

// The most bytes that one UTF-16 unit becomes in UTF-8: https://encoding.spec.whatwg.org/#utf-8-encoder
const mostBytesPerUnit = 3;

/** Undefined where the text has at most `maxBytes` bytes of UTF-8. */
export function tooLarge(text: string, maxBytes: number): Failure | undefined {
  // The usual case, in ten thousand namespaces: nothing needs counting.
  if (text.length * mostBytesPerUnit <= maxBytes) return undefined;
  const bytes = bytesOf(text);
  if (bytes <= maxBytes) return undefined;
  return {
    reason: "ConfigTooLarge",
    cause: "Platform",
    retry: "on-change",
    message: `the merged docker config has ${bytes} bytes, more than ${maxBytes}: list fewer hosts, or raise --max-config-bytes; what was served before comes first, then what is older, and what does not fit in is not added until then`,
  };
}

/** Of UTF-8. */
export function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
