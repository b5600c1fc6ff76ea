// Is that too much for one pull Secret?
import type { Failure } from "../../runtime/errors.ts";
import { mostNamedBytes, mostNamedHosts } from "../../cluster/entries-annotation.ts";

// The most bytes that one UTF-16 unit becomes in UTF-8: https://encoding.spec.whatwg.org/#utf-8-encoder
const mostBytesPerUnit = 3;

/** What a pull Secret would hold. */
export interface Amount {
  /** Its docker config. */
  readonly text: string;
  /** Its entries annotation. */
  readonly entriesText: string;
  readonly hosts: number;
}

/** Undefined where there is room for it, in a docker config of at most `maxBytes` bytes. */
export function tooMuch(amount: Amount, maxBytes: number): Failure | undefined {
  const config = tooLarge(amount.text, maxBytes);
  if (config) return config;
  const isNamed = amount.hosts <= mostNamedHosts && !tooLarge(amount.entriesText, mostNamedBytes);
  return isNamed ? undefined : tooManyNames;
}

/** As numbers, each of which has its bound in `boundsWithin`. */
export function sizesOf({ text, entriesText, hosts }: Amount): readonly number[] {
  return [bytesOf(text), hosts, bytesOf(entriesText)];
}

export function boundsWithin(maxBytes: number): readonly number[] {
  return [maxBytes, mostNamedHosts, mostNamedBytes];
}

// More would not be read back from the Secret's annotations, and what is taken back has to be found there.
const tooManyNames: Failure = {
  reason: "ConfigTooLarge",
  cause: "Platform",
  retry: "on-change",
  message: `one pull Secret names the hosts of at most ${mostNamedHosts} logins, with their entries in ${mostNamedBytes / 1024} KiB: list fewer, or use two names of pull Secrets; what was served before comes first, then what is older, and what does not fit in is not added until then`,
};

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

/** Of UTF-8. By unit, not by character: a tenant's text may have 256 KiB, and is measured for each entry. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Two units of a pair are four bytes; one that stands alone becomes U+FFFD, which has three.
    const isPaired = (text.codePointAt(at) ?? 0) > 0xff_ff;
    bytes += unit < 0x8_00 ? 1 : 2;
    if (isPaired) at += 1;
  }
  return bytes;
}
