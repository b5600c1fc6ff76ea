// The rules of a schema on single texts, told without an API server: for files that no API server reads.
import { z } from "zod";
import type { Rule } from "./rules.ts";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

type Term = (text: string) => boolean;

// The terms of which rules.ts and the providers make their rules on one text.
const terms: readonly (readonly [form: RegExp, term: (found: string) => Term])[] = [
  [/^self\.matches\(r"(\^.*\$)"\)$/s, expression],
  [/^self\.contains\('([^']*)'\)$/, (part) => (text) => text.includes(part)],
  [/^self\.endsWith\('([^']*)'\)$/, (end) => (text) => text.endsWith(end)],
  [/^\(self\.lowerAscii\(\) in \[([^\]]*)\]\)$/, among],
];

// RE2 writes before the whole what ignores case.
const ignoringCase = "^(?i)";

function expression(syntax: string): Term {
  const found = syntax.startsWith(ignoringCase)
    ? new RegExp(`^${syntax.slice(ignoringCase.length)}`, "i")
    : new RegExp(syntax);
  return (text) => found.test(text);
}

function among(list: string): Term {
  const names = new Set(list.split(", ").map((name) => name.slice(1, -1)));
  return (text) => names.has(text.toLowerCase());
}

/** Whether the text keeps the rule; undefined where it is of a form that only CEL can tell. */
export function keepsRule({ rule }: Pick<Rule, "rule">, text: string): boolean | undefined {
  const alternatives = rule.split(" || ").map((each) => each.split(" && ").map((term) => holds(term, text)));
  if (alternatives.flat().includes(undefined)) return undefined;
  return alternatives.some((each) => each.every(Boolean));
}

function holds(written: string, text: string): boolean | undefined {
  const isNegated = written.startsWith("!");
  const plain = isNegated ? written.slice(1) : written;
  for (const [form, term] of terms) {
    const found = form.exec(plain)?.[1];
    if (found !== undefined) return term(found)(text) !== isNegated;
  }
  return undefined;
}

/** What `value` breaks of such rules of the schema, anywhere in it; each begins with the field's path below `at`. */
export function textProblems(schema: z.ZodType, value: unknown, at: string): readonly string[] {
  return problemsAt(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Node, value, at);
}

function problemsAt(node: Node | undefined, value: unknown, at: string): readonly string[] {
  if (!node) return [];
  if (typeof value === "string") {
    const broken = (node["x-kubernetes-validations"] ?? []).filter((rule) => keepsRule(rule, value) === false);
    return broken.map(({ message }) => `${at}: ${message}`);
  }
  if (Array.isArray(value)) return value.flatMap((each, index) => problemsAt(node.items, each, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => problemsAt(node.properties?.[name], each, `${at}.${name}`));
}
