// The rules of a schema, told without an API server: for files that none reads.
import { z } from "zod";
import { celExpression, type Expression } from "./cel.ts";
import type { Rule } from "./rules.ts";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** What `value`, with its defaults, breaks of the schema's rules, anywhere in it; each begins with the field's path below `at`. */
export function ruleProblems(schema: z.ZodType, value: unknown, at: string): readonly string[] {
  const compiled = new Map<string, Expression>();
  const keeps = (rule: string, self: unknown): boolean => {
    const expression = compiled.get(rule) ?? celExpression(rule);
    compiled.set(rule, expression);
    return expression({ self }) === true;
  };
  const problemsAt = (node: Node | undefined, written: unknown, path: string): readonly string[] => {
    if (!node) return [];
    const broken = (node["x-kubernetes-validations"] ?? []).filter(({ rule }) => !keeps(rule, written));
    return [...broken.map(({ message }) => `${path}: ${message}`), ...within(node, written, path)];
  };
  const within = (node: Node, written: unknown, path: string): readonly string[] => {
    if (Array.isArray(written)) {
      return written.flatMap((each, index) => problemsAt(node.items, each, `${path}[${index}]`));
    }
    if (typeof written !== "object" || written === null) return [];
    return Object.entries(written).flatMap(([name, each]) =>
      problemsAt(node.properties?.[name], each, `${path}.${name}`),
    );
  };
  return problemsAt(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Node, value, at);
}
