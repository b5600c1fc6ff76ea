// What a schema says beyond shapes, told without an API server: for files that none reads.
import { z } from "zod";
import { celExpression, type Expression } from "./cel.ts";
import type { Rule } from "./rules.ts";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly "x-kubernetes-validations"?: readonly Rule[];
  readonly "x-kubernetes-list-type"?: "set" | "map" | "atomic";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** What `value`, with its defaults, breaks of the schema's rules and lists, anywhere in it; each begins with its path below `at`. */
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
      return written.flatMap((each, index) => [
        ...repeated(node, written, index).map((message) => `${path}[${index}]: ${message}`),
        ...problemsAt(node.items, each, `${path}[${index}]`),
      ]);
    }
    if (typeof written !== "object" || written === null) return [];
    return Object.entries(written).flatMap(([name, each]) =>
      problemsAt(node.properties?.[name], each, `${path}.${name}`),
    );
  };
  return problemsAt(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Node, value, at);
}

/** Why the item cannot stand beside those before it: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */
function repeated(node: Node, items: readonly unknown[], index: number): readonly string[] {
  const type = node["x-kubernetes-list-type"];
  if (type === undefined || type === "atomic") return [];
  const keys = node["x-kubernetes-list-map-keys"] ?? [];
  const key = (item: unknown): string =>
    JSON.stringify(type === "map" ? keys.map((name) => (item as Readonly<Record<string, unknown>>)[name]) : item);
  // What is there three times is said once.
  if (items.slice(0, index).filter((item) => key(item) === key(items[index])).length !== 1) return [];
  return [
    type === "map"
      ? `another one has the same ${keys.join(" and ")}: give each its own`
      : "it is there twice: remove one",
  ];
}
