// Counts the files and the changes of folder on the road of an event: `node tools/launch.mjs test/road/main.ts`. Prints them, in the order in which they are met.
import { dirname, join, relative } from "node:path";
import { parseAst, startVitest } from "vitest/node";

const root = join(import.meta.dirname, "../..");

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** What is to stand in the text, so that each function but a constructor notes its file when it is entered. */
function* notes(node: unknown, note: string, isConstructor = false): Generator<Insertion> {
  if (Array.isArray(node)) {
    for (const each of node) yield* notes(each, note);
    return;
  }
  if (!isNode(node)) return;
  const body = node["body"];
  if (node.type.includes("Function") && isNode(body)) {
    if (body.type !== "BlockStatement" && body.type !== "FunctionBody") {
      yield { at: body.start, text: `(${note},(` };
      yield { at: body.end, text: "))" };
    } else if (!isConstructor) yield { at: body.start + 1, text: `${note};` };
  }
  const holdsConstructor = node.type === "MethodDefinition" && node["kind"] === "constructor";
  for (const member of Object.values(node)) yield* notes(member, note, holdsConstructor && isNode(member));
}

function noting(code: string, path: string): string {
  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands out no other parser, and vite is no dependency of ours
  const all = [...notes(parseAst(code, { lang: "ts" }), `globalThis.noteFile?.(${JSON.stringify(path)})`)];
  return all
    .toSorted((one, other) => other.at - one.at)
    .reduce((text, { at, text: inserted }) => text.slice(0, at) + inserted + text.slice(at), code);
}

/** @param files in the order in which they are met */
function report(name: string, files: readonly string[]): void {
  const changes = files.filter((file, index) => index > 0 && dirname(file) !== dirname(files[index - 1] ?? ""));
  const folders = new Set(files.map((file) => dirname(file)));
  const counts = `${name}: ${files.length} files, ${folders.size} folders, ${changes.length} changes of folder`;
  process.stdout.write([counts, ...files.map((file) => `  ${file}`), ""].join("\n"));
}

const vitest = await startVitest(
  [],
  {
    root,
    config: false,
    watch: false,
    include: ["test/road/events.ts"],
    reporters: [
      {
        onTestCaseResult: (test) => {
          const { files } = test.meta() as { files?: readonly string[] };
          report(test.name, files ?? []);
        },
      },
    ],
  },
  {
    plugins: [
      {
        name: "road",
        enforce: "pre",
        transform: (code: string, id: string) => {
          const path = relative(root, id);
          return path.startsWith("src/") && path.endsWith(".ts") ? { code: noting(code, path), map: null } : null;
        },
      },
    ],
  },
);
await vitest.close();
