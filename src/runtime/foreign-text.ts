// Shows text that somebody else wrote (a tenant, a registry, a cloud, a webhook) without harm.

/** What is long tells no more, and hides what comes after it. */
const usualLength = 200;

/** Marks on one letter: more of them, and they cover the lines above and below. */
const maxMarks = 4;

// What a terminal, a log viewer or a reader's eye obeys instead of showing it. Control characters (C0, DEL, C1: ECMA-48),
// formats (bidi: UAX #9, zero width, tags), halves of surrogate pairs, code points that are none; and what Unicode wants to
// be invisible otherwise, such as variation selectors and fillers (UAX #44, Default_Ignorable_Code_Point).
const unprintable = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const invisible = new RegExp(unprintable, "gu");
const invisibleButBreaks = new RegExp(String.raw`(?![\n\t])${unprintable}`, "gu");
// White space of any kind is a space; \s has the separators of lines and paragraphs, too.
const space = /[\s\u0085]+/gu;
const marks = new RegExp(String.raw`(\p{M}{${maxMarks}})\p{M}+`, "gu");

/** Stands for what cannot be shown: REPLACEMENT CHARACTER. */
const unknown = "\uFFFD";

/**
 * One line of printable characters, at most `longest` UTF-16 units; what is cut ends in an ellipsis. For text of others
 * where it enters: an object, an answer, an error. Given what it gave before, it changes nothing.
 */
export function foreignText(text: string, longest = usualLength): string {
  // Whoever sends megabytes does not make us look at all of them: nothing below grows what it is given.
  const start = text.slice(0, longest * 4 + 64);
  const shown = oneLine(start);
  if (shown.length <= longest && start.length === text.length) return shown;
  // Half of a surrogate pair is no character.
  return `${shown
    .slice(0, longest - 1)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trimEnd()}…`;
}

/** The same between quotation marks that it cannot close: where it stands in a sentence. */
export function quotedText(text: string, longest = usualLength): string {
  return `"${foreignText(text, longest).replaceAll('"', "'")}"`;
}

/** Text of ours, of any length, as one line of printable characters. */
export function oneLine(text: string): string {
  return text.replace(space, " ").replace(invisible, unknown).replace(marks, "$1").trim();
}

/** Whole text of ours as it may go to a terminal: line breaks and tabs stay, and nothing else that a terminal obeys. */
export function printable(text: string): string {
  return text.replace(invisibleButBreaks, unknown);
}

/** Whether `printable` and `foreignText` would leave each character of it. */
export function isPrintable(text: string): boolean {
  return text.search(invisible) < 0;
}

/** JSON, of a value or already written, with all that is not printable as an escape: for machines, and safe to look at. */
export function escapedJson(json: string): string {
  // Between strings JSON has white space only.
  return json.replace(invisibleButBreaks, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
