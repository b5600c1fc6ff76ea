// The part of CEL in which the rules of the schema are written, told without an API server: for files that none reads.
//
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax. What is not of this part is no rule here, and throws.

/** The value of an expression; `scope` has `self`, and what a macro has bound. Throws TypeError where CEL has no value. */
export type Expression = (scope: Readonly<Record<string, unknown>>) => unknown;

const tokenSyntax =
  /\s+|(?<raw>r"[^"]*")|(?<text>'[^'\\]*'|"[^"\\]*")|(?<number>\d+)|(?<word>[A-Za-z_]\w*)|(?<sign>\|\||&&|[=!<>]=|[-+!<>()[\].,])/y;

type Kind = "text" | "number" | "word" | "sign";

interface Token {
  readonly kind: Kind;
  readonly text: string;
}

interface Tokens {
  /** Takes the next one if it is this sign or word. */
  readonly take: (text: string) => boolean;
  readonly need: (text: string) => void;
  /** Takes the next one, whatever it is. */
  readonly next: () => Token;
}

/** Throws SyntaxError. */
export function celExpression(source: string): Expression {
  const list = tokensOf(source);
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`no expression that is known here, at ${list[at]?.text ?? "its end"}: ${source}`);
  };
  const take = (text: string): boolean => {
    const token = list[at];
    const isIt = token !== undefined && token.kind !== "text" && token.text === text;
    if (isIt) at += 1;
    return isIt;
  };
  const tokens: Tokens = {
    take,
    need: (text) => {
      if (!take(text)) fail();
    },
    next: () => {
      const token = list[at] ?? fail();
      at += 1;
      return token;
    },
  };
  const whole = either(tokens);
  if (at < list.length) fail();
  return whole;
}

function tokensOf(source: string): readonly Token[] {
  const list: Token[] = [];
  let at = 0;
  while (at < source.length) {
    tokenSyntax.lastIndex = at;
    const found = tokenSyntax.exec(source);
    if (!found) throw new SyntaxError(`no sign that is known here: ${source.slice(at)}`);
    at = tokenSyntax.lastIndex;
    const { raw, text, number, word, sign } = found.groups ?? {};
    if (raw !== undefined) list.push({ kind: "text", text: raw.slice(2, -1) });
    if (text !== undefined) list.push({ kind: "text", text: text.slice(1, -1) });
    if (number !== undefined) list.push({ kind: "number", text: number });
    if (word !== undefined) list.push({ kind: "word", text: word });
    if (sign !== undefined) list.push({ kind: "sign", text: sign });
  }
  return list;
}

function either(tokens: Tokens): Expression {
  let left = both(tokens);
  while (tokens.take("||")) {
    const [one, other] = [left, both(tokens)];
    left = (scope) => truth(one(scope)) || truth(other(scope));
  }
  return left;
}

function both(tokens: Tokens): Expression {
  let left = compared(tokens);
  while (tokens.take("&&")) {
    const [one, other] = [left, compared(tokens)];
    left = (scope) => truth(one(scope)) && truth(other(scope));
  }
  return left;
}

type Comparison = (one: unknown, other: unknown) => boolean;
const comparisons: Readonly<Record<string, Comparison>> = {
  "==": (one, other) => one === other,
  "!=": (one, other) => one !== other,
  in: (one, other) => (Array.isArray(other) ? other.includes(one) : Object.hasOwn(record(other), text(one))),
};

function compared(tokens: Tokens): Expression {
  const one = sum(tokens);
  const sign = Object.keys(comparisons).find((each) => tokens.take(each));
  const compare = sign === undefined ? undefined : comparisons[sign];
  if (!compare) return one;
  const other = sum(tokens);
  return (scope) => compare(one(scope), other(scope));
}

function sum(tokens: Tokens): Expression {
  let left = negated(tokens);
  while (tokens.take("+")) {
    const [one, other] = [left, negated(tokens)];
    left = (scope) => text(one(scope)) + text(other(scope));
  }
  return left;
}

function negated(tokens: Tokens): Expression {
  if (!tokens.take("!")) return member(tokens);
  const one = negated(tokens);
  return (scope) => !truth(one(scope));
}

function member(tokens: Tokens): Expression {
  let left = primary(tokens);
  while (tokens.take(".")) {
    const { text: name } = tokens.next();
    const owner = left;
    left = tokens.take("(") ? call(owner, name, tokens) : (scope) => field(owner(scope), name);
  }
  return left;
}

function primary(tokens: Tokens): Expression {
  if (tokens.take("(")) {
    const inner = either(tokens);
    tokens.need(")");
    return inner;
  }
  if (tokens.take("[")) {
    const items = listUntil("]", tokens);
    return (scope) => items.map((item) => item(scope));
  }
  const { kind, text: word } = tokens.next();
  switch (kind) {
    case "text":
      return () => word;
    case "number":
      return () => Number(word);
    case "sign":
      throw new SyntaxError(`an expression begins with ${word}`);
    case "word": {
      if (word === "has" && tokens.take("(")) return presence(tokens);
      return (scope) => field(scope, word);
    }
  }
}

/** `has(self.a.b)`: whether the last field is there. */
function presence(tokens: Tokens): Expression {
  const { text: first } = tokens.next();
  const path = [first];
  while (tokens.take(".")) path.push(tokens.next().text);
  tokens.need(")");
  const last = path.pop() ?? "";
  return (scope) => Object.hasOwn(record(path.reduce<unknown>((owner, name) => field(owner, name), scope)), last);
}

function listUntil(end: string, tokens: Tokens): readonly Expression[] {
  const items: Expression[] = [];
  while (!tokens.take(end)) {
    if (items.length > 0) tokens.need(",");
    items.push(either(tokens));
  }
  return items;
}

type Quantifier = (items: readonly unknown[], holds: (item: unknown) => boolean) => boolean;
const quantifiers: Readonly<Record<string, Quantifier>> = {
  all: (items, holds) => items.every(holds),
  exists: (items, holds) => items.some(holds),
  exists_one: (items, holds) => items.filter(holds).length === 1,
};

type Method = (of: unknown, argument: string) => unknown;
const methods: Readonly<Record<string, Method>> = {
  contains: (of, part) => text(of).includes(part),
  startsWith: (of, start) => text(of).startsWith(start),
  endsWith: (of, end) => text(of).endsWith(end),
  lowerAscii: (of) => text(of).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  matches: (of, syntax) => pattern(syntax).test(text(of)),
  size: (of) => (typeof of === "string" ? Array.from(of).length : elements(of).length),
};

function call(owner: Expression, name: string, tokens: Tokens): Expression {
  const quantifier = quantifiers[name];
  if (quantifier) {
    const { text: bound } = tokens.next();
    tokens.need(",");
    const holds = either(tokens);
    tokens.need(")");
    return (scope) => quantifier(elements(owner(scope)), (item) => truth(holds({ ...scope, [bound]: item })));
  }
  const method = methods[name];
  if (!method) throw new SyntaxError(`no method that is known here: ${name}`);
  const [argument] = listUntil(")", tokens);
  return (scope) => method(owner(scope), argument === undefined ? "" : text(argument(scope)));
}

// RE2's, of ASCII: https://github.com/google/re2/wiki/Syntax
const space = String.raw`\t\n\f\r `;

/** As RE2 matches: by Unicode's characters, which has the Kelvin sign for a k, and `(?i)` from there on, a group of its own here. */
function pattern(syntax: string): RegExp {
  const [before = "", after] = translated(syntax).split("(?i)", 2);
  return new RegExp(after === undefined ? before : `${before}(?i:${after})`, "u");
}

/** With what JavaScript understands otherwise said as RE2 means it: `.` is all but a line feed. */
function translated(syntax: string): string {
  let made = "";
  let isInClass = false;
  for (let at = 0; at < syntax.length; at += 1) {
    const sign = syntax.charAt(at);
    if (sign === "\\") {
      at += 1;
      const escaped = syntax.charAt(at);
      const spaces = isInClass ? space : `[${space}]`;
      made += escaped === "s" ? spaces : sign + escaped;
    } else {
      if (sign === "[" || sign === "]") isInClass = sign === "[";
      made += sign === "." && !isInClass ? String.raw`[^\n]` : sign;
    }
  }
  return made;
}

function field(of: unknown, name: string): unknown {
  const owner = record(of);
  if (!Object.hasOwn(owner, name)) throw new TypeError(`there is no ${name}`);
  return owner[name];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("no object");
  return value as Readonly<Record<string, unknown>>;
}

/** Of a map the keys, as a macro takes it. */
function elements(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : Object.keys(record(value));
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("no text");
  return value;
}

function truth(value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError("neither true nor false");
  return value;
}
