// Arbitrary texts that somebody might write, and the characters in them that do something other than be read.
import fc from "fast-check";

/** Any UTF-16, with much of what somebody would try. */
const tricky = fc.constantFrom(
  "\u001B[2J",
  "\u001B]0;x\u0007",
  "\u009B31m",
  "\u0000",
  "\u007F",
  "\u0085",
  "\u2028",
  "\u2029",
  "\r\n",
  "\t",
  "\u061C",
  "\u200B",
  "\u200E",
  "\u200F",
  "\u202A",
  "\u202E",
  "\u2066",
  "\u2069",
  "\u00AD",
  "\uFEFF",
  "\u2060",
  "\u{E0041}",
  "\u{E0101}",
  "\uFE0F",
  "\u115F",
  "\u3164",
  "\uD800",
  "\uDFFF",
  "\uFFFF",
  "\u{10FFFE}",
  "\uE000",
  "e\u0301\u0301\u0301\u0301\u0301\u0301",
  '"',
  "'",
  "`",
  "$(x)",
  "; ",
  " ",
  "𝕏",
  "日本",
);
/** Any text that somebody may write. */
export const anything = fc
  .array(fc.oneof(tricky, fc.string({ unit: "binary", maxLength: 20 }), fc.string({ maxLength: 20 })), {
    maxLength: 30,
  })
  .map((parts) => parts.join(""));

// Written out, not with the properties of Unicode by which the source tells them.
const obeyed: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xe000, 0xf8ff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xfffe, 0xffff],
  [0xe0000, 0xe0fff],
  [0x10fffe, 0x10ffff],
];

/** Code points of the text that do something else than be read. */
export function obeyedIn(text: string): readonly string[] {
  return Array.from(text).filter((character) => {
    const point = character.codePointAt(0) ?? 0;
    return obeyed.some(([from, to]) => from <= point && point <= to);
  });
}
