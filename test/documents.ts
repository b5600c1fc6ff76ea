// What the documents say that a test can check.
import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "./cluster/admin-client.ts";

const root = join(import.meta.dirname, "..");

export interface MarkdownFile {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly path: string;
  /** The word after the opening fence. */
  readonly language: string;
  readonly text: string;
}

/** An object that a reader may copy. */
export interface Example {
  readonly path: string;
  readonly object: KubeObject;
}

/** Every document of the project. */
export const markdownFiles: readonly MarkdownFile[] = globSync(["*.md", "docs/*.md"], { cwd: root })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** The fenced blocks, those that stand in a list without its indentation. */
export const blocks: readonly Block[] = markdownFiles.flatMap(({ path, text }) =>
  [...text.matchAll(/^( *)```(\w+)\n([^]*?)^\1```$/gm)].map(([, indent = "", language = "", body = ""]) => ({
    path,
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  })),
);

/** The Kubernetes objects in YAML blocks; fragments without a kind are none. */
export const examples: readonly Example[] = blocks
  .filter(({ language }) => language === "yaml")
  .flatMap(({ path, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      if (document.errors.length > 0)
        throw new Error(`a YAML block of ${path} does not parse`, { cause: document.errors });
      const object = document.toJS() as Partial<KubeObject> | null;
      return object?.kind ? [{ path, object: object as KubeObject }] : [];
    }),
  );

/** Links to files of the project and to headings, as `FROM: TARGET`, that lead nowhere. */
export function brokenLinks(): string[] {
  const anchors = new Map(markdownFiles.map(({ path, text }) => [path, new Set(headings(text).map(anchorOf))]));
  return markdownFiles.flatMap(({ path, text }) =>
    [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : posix.join(posix.dirname(path), file);
      const leads =
        globSync(to, { cwd: root }).length > 0 && (anchor === undefined || anchors.get(to)?.has(anchor) === true);
      return leads ? [] : [`${path}: ${target}`];
    }),
  );
}

/** The first cells of tables below a heading, in code style, without the backticks. */
export function tableKeys(path: string, under: string): string[] {
  const text = markdownFiles.find((file) => file.path === path)?.text ?? "";
  const [, section = ""] = text.split(`\n## ${under}\n`);
  return [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `([^`]+)` +\|/gm)].map(([, key = ""]) => key);
}

/** Paths of the project that stand in code style, and do not exist. */
export function missingPaths(): string[] {
  return markdownFiles.flatMap(({ path, text }) =>
    [...withoutBlocks(text).matchAll(/`((?:\.ci|crds|config|docs|src|test)\/[\w./-]*)`/g)]
      .map(([, named = ""]) => named)
      .filter((named) => globSync(named.replace(/\/$/, ""), { cwd: root }).length === 0)
      .map((named) => `${path}: ${named}`),
  );
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^( *)```[^]*?^\1```$/gm, "");
}

function headings(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
}

/** As GitHub makes it: lower case, punctuation dropped, spaces to dashes. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
