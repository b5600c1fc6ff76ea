// The members of a JSON object, byte for byte as they were written, and found by name as a program in Go finds them.

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

// Kubelets and docker know a name in whatever letters it is written, and take null for nothing:
// https://pkg.go.dev/encoding/json#Unmarshal

/** For a name of ASCII letters. The long s, which has no small letter but `s`, is one; `ß`, which becomes two letters, is none. */
export function isNamed(key: string, name: string): boolean {
  return key.length === name.length && key.toUpperCase() === name.toUpperCase();
}

/** All of that name, in their order; those of objects are united by Go. */
export function membersNamed(members: readonly JsonMember[], name: string): readonly JsonMember[] {
  return members.filter(({ key, value }) => isNamed(key, name) && value !== "null");
}

/** The last of that name; undefined where there is none, or null alone. */
export function valueNamed(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.entries(object).findLast(([key, value]) => isNamed(key, name) && value !== null)?.[1];
}
