// The members of a JSON object, byte for byte as they were written.

export interface JsonMember {
  /** The decoded name. */
  readonly key: string;
  /** Name, colon and value, as they stand in the text. */
  readonly text: string;
  /** The value alone, as it stands in the text. */
  readonly value: string;
}

/**
 * The members of the object in the text, in their order, duplicates included. JSON.parse would lose duplicates, the
 * spelling of numbers and escapes, and the order of names that look like numbers. The text must be valid JSON, and an
 * object: its members can then be told apart by strings and depth alone.
 */
export function jsonMembers(objectText: string): readonly JsonMember[] {
  const members: JsonMember[] = [];
  let depth = 0;
  let start = 0;
  let colon = 0;
  for (let at = 0; at < objectText.length; at += 1) {
    const character = objectText[at];
    if (character === '"') {
      at = endOfString(objectText, at);
      continue;
    }
    if (depth === 1 && (character === "," || character === "}")) {
      const text = objectText.slice(start, at).trim();
      if (text !== "") members.push(memberOf(text, objectText.slice(start, colon), objectText.slice(colon + 1, at)));
      start = at + 1;
      colon = 0;
    } else if (depth === 1 && character === ":" && colon === 0) {
      colon = at;
    }
    if (character === "{" || character === "[") {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (character === "}" || character === "]") {
      depth -= 1;
    }
  }
  return members;
}

function memberOf(text: string, name: string, value: string): JsonMember {
  const key: unknown = JSON.parse(name);
  return { key: String(key), text, value: value.trim() };
}

function endOfString(text: string, opening: number): number {
  let at = opening + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
