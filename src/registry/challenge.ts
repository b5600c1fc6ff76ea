// Parser of the WWW-Authenticate header by which a registry asks to be authenticated to.

export interface Challenge {
  /** Lower case: `basic` or `bearer`, or what else there is. */
  readonly scheme: string;
  /** By lower-case name; quoted values are unquoted and may hold commas. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Characters; a field value is a few hundred bytes, and whoever sends more is not listened to. */
export const longestChallenge = 4096;

/** What is read of a text: a test counts how often. */
export type Text = Pick<string, "length" | "charCodeAt" | "slice">;

/** All challenges of the header, in order; what cannot be read ends the list. Each character is looked at a few times at most. */
export function challengesIn(header: Text): readonly Challenge[] {
  const challenges: { readonly scheme: string; readonly parameters: Record<string, string> }[] = [];
  let at = afterGap(header, 0);
  while (at < header.length) {
    const end = afterToken(header, at);
    const name = header.slice(at, end).toLowerCase();
    const equals = afterSpace(header, end);
    if (name === "") break;
    if (header.charCodeAt(equals) === codes.equals) {
      const last = challenges.at(-1);
      const value = valueAt(header, afterSpace(header, equals + 1));
      if (!last || !value) break;
      last.parameters[name] = value.text;
      at = afterGap(header, value.end);
    } else {
      if (end < header.length && !isGap(header.charCodeAt(end))) break;
      challenges.push({ scheme: name, parameters: {} });
      at = afterGap(header, end);
    }
  }
  return challenges;
}

interface Value {
  readonly text: string;
  /** Where it ends. */
  readonly end: number;
}

/** A token or a quoted string; undefined where neither stands, or a quote never ends. */
function valueAt(header: Text, start: number): Value | undefined {
  if (header.charCodeAt(start) !== codes.quote) {
    const end = afterToken(header, start);
    return end === start ? undefined : { text: header.slice(start, end), end };
  }
  let text = "";
  for (let at = start + 1; at < header.length; at += 1) {
    const code = header.charCodeAt(at);
    if (code === codes.quote) return { text, end: at + 1 };
    if (code === codes.backslash) at += 1;
    text += header.slice(at, at + 1);
  }
  return undefined;
}

// RFC 9110 sections 5.6.2 (token), 5.6.4 (quoted-string) and 11.6.1 (a list of challenges).
const tokenSign = /[!#$%&'*+.^_`|~0-9A-Za-z-]/;
const codes = { tab: 9, space: 32, quote: 34, comma: 44, equals: 61, backslash: 92 } as const;

const isSpace = (code: number): boolean => code === codes.space || code === codes.tab;
const isTokenSign = (code: number): boolean => tokenSign.test(String.fromCharCode(code));
const isGap = (code: number): boolean => isSpace(code) || code === codes.comma;

const afterToken = (text: Text, start: number): number => skipped(text, start, isTokenSign);
const afterSpace = (text: Text, start: number): number => skipped(text, start, isSpace);
const afterGap = (text: Text, start: number): number => skipped(text, start, isGap);

function skipped(text: Text, start: number, isSkipped: (code: number) => boolean): number {
  let at = start;
  while (at < text.length && isSkipped(text.charCodeAt(at))) at += 1;
  return at;
}
