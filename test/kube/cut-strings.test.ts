// Is JSON the same but for the ends of its long strings, however it comes?
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutStrings } from "../../src/kube/cut-strings.ts";

/** All of what comes through, the text given in pieces of these sizes, again and again. */
function cut(text: string, longest: number, sizes: readonly number[] = [text.length]): string {
  const bytes = Buffer.from(text);
  const piece = cutStrings(longest);
  const kept: Buffer[] = [];
  for (let from = 0, index = 0; from < bytes.length; index += 1) {
    const to = from + (sizes[index % sizes.length] ?? 1);
    kept.push(piece(bytes.subarray(from, to)));
    from = to;
  }
  return Buffer.concat(kept).toString();
}

/** The same, said of the whole text: of each string the characters, escaped or not, that begin within its first bytes. */
function expected(text: string, longest: number): string {
  return text.replaceAll(/"((?:[^"\\]|\\.)*)"/gu, (_, inside: string) => {
    let kept = "";
    for (const [character] of inside.matchAll(/\\u[0-9a-f]{4}|\\.|./giu)) {
      if (Buffer.byteLength(kept) >= longest) break;
      kept += character;
    }
    return `"${kept}"`;
  });
}

const strings = fc.string({
  unit: fc.constantFrom("a", "u", "0", '"', "\\", "\n", "\u0000", "<", "ü", "€", "😀", "\ud83d", "{", ":"),
  maxLength: 20,
});
const { tree: documents } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    strings,
    fc.constantFrom(null, true, 12.5),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(strings, tie("tree"), { maxKeys: 4 }),
  ),
}));
// As Go writes it, and as JavaScript does.
const texts = fc
  .tuple(fc.array(documents, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.constantFrom(undefined, 2))
  .map(([several, asGo, space]) => {
    const text = several.map((one) => JSON.stringify(one, undefined, space)).join("\n");
    return asGo ? text.replaceAll("<", "\\u003c") : text;
  });
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

describe("cutting the strings of JSON", () => {
  it("keeps of each string the characters that begin within the bound, and all the rest, wherever pieces end", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 12 }), sizes, (text, longest, each) => {
        expect(cut(text, longest, each)).toBe(expected(text, longest));
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves JSON that can be read", () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 0, max: 12 }), sizes, (value, longest, each) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(cut(text, longest, each))).toEqual(JSON.parse(expected(text, longest)));
      }),
    );
  });

  it("gives a piece back as it is where nothing is cut", () => {
    const piece = Buffer.from('{"a":"bc"}');
    expect(cutStrings(2)(piece)).toBe(piece);
  });

  it("gives an empty piece where all of it is cut", () => {
    const pieces = cutStrings(2);
    pieces(Buffer.from('"abc'));
    expect(pieces(Buffer.from("def"))).toHaveLength(0);
    expect(pieces(Buffer.from('g"')).toString()).toBe('"');
  });
});
