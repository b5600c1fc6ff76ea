// Tests that every log message is a constant, so that it can be searched for and counted, and that it is documented.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAst } from "vitest/node";
import { tableKeys } from "./documents.ts";

interface LogCall {
  readonly path: string;
  /** Undefined where it is not written down as it is. */
  readonly message: string | undefined;
  /** Of the method; undefined where it is computed. */
  readonly level: string | undefined;
}

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Every node of a syntax tree (https://github.com/estree/estree). */
function* nodesOf(value: unknown): Generator<Node> {
  if (!isNode(value)) return;
  yield value;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

/** `log.info(...)`, `context.log.info(...)`, `log[level](...)`. */
function logCalls(path: string, text: string): LogCall[] {
  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands out no other parser, and vite is no dependency of ours
  return [...nodesOf(parseAst(text, { lang: "ts" }))].flatMap((node) => {
    const callee = node["callee"];
    if (node["type"] !== "CallExpression" || !isNode(callee) || callee["type"] !== "MemberExpression") return [];
    const object = callee["object"];
    const name = isNode(object)
      ? (object["name"] ?? (isNode(object["property"]) ? object["property"]["name"] : ""))
      : "";
    if (name !== "log") return [];
    const [first] = node["arguments"] as readonly Node[];
    const message = first?.["type"] === "Literal" && typeof first["value"] === "string" ? first["value"] : undefined;
    const property = callee["property"] as Node;
    return [{ path, message, level: callee["computed"] === true ? undefined : String(property["name"]) }];
  });
}

const root = join(import.meta.dirname, "..");
const calls = globSync("src/**/*.ts", { cwd: root }).flatMap((path) =>
  logCalls(path, readFileSync(join(root, path), "utf8")),
);

describe("log messages", () => {
  it("are constants; what varies is in fields", () => {
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.filter(({ message }) => message === undefined)).toEqual([]);
  });

  it("would be found if they were not", () => {
    const found = logCalls(
      "x.ts",
      'context.log.info(`gone ${name}`); log[level]("fine"); logs.info(other); log.debug(text);',
    );
    expect(found).toEqual([
      { path: "x.ts", message: undefined, level: "info" },
      { path: "x.ts", message: "fine", level: undefined },
      { path: "x.ts", message: undefined, level: "debug" },
    ]);
  });

  it("are explained in docs/operations.md, but for those of debugging", () => {
    const explained = tableKeys("docs/operations.md", "Logs");
    const reported = calls.filter(({ level }) => level !== "debug").map(({ message = "" }) => message);
    expect([...new Set(reported)].filter((message) => !explained.includes(message))).toEqual([]);
  });

  it("are said in one place each, so that one decision is one line", () => {
    const reported = calls.map(({ message = "" }) => message);
    expect(reported.filter((message, index) => reported.indexOf(message) !== index)).toEqual([]);
  });
});
