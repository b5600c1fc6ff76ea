// Wraps a sentence between the margins.
import { oneLine } from "../../runtime/foreign-text.ts";

/** Lines without line breaks, whatever the text holds; the first is set in as well. Words that are too long stay whole, so that they can be copied. */
export function wrapped(text: string, width: number | undefined, indent = ""): readonly string[] {
  const sentence = oneLine(text);
  if (width === undefined) return [`${indent}${sentence}`];
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(`${indent}${line}`);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, `${indent}${line}`];
}
