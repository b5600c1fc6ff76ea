// Tests that no regular expression backtracks so much that whoever writes the text can block the thread.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseAst } from "vitest/node";
import { attacks, patternOf, stepsFor } from "./regex-steps.ts";

const root = join(import.meta.dirname, "..");
const files = globSync("src/**/*.ts", { cwd: root }).toSorted();
const sources = files.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

interface Found {
  readonly path: string;
  readonly source: string;
  readonly flags: string;
}

/** Expressions that are not linear, each with what bounds the text that it meets. */
const bounded: Readonly<Record<string, string>> = {
  "-+$": "a name of at most 63 characters",
  [String.raw`\uFFFD+$`]: "the end of at most 1,024 bytes",
};

/** As they stand in the sources. */
function literalsIn({ path, text }: { readonly path: string; readonly text: string }): Found[] {
  const found: Found[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { regex } = value as { readonly regex?: { readonly pattern?: unknown; readonly flags?: unknown } };
    if (typeof regex?.pattern === "string") {
      found.push({ path, source: regex.pattern, flags: typeof regex.flags === "string" ? regex.flags : "" });
    }
    Object.values(value).forEach(visit);
  };
  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands out no other parser, and vite is no dependency of ours
  visit(parseAst(text, { lang: "ts" }));
  return found;
}

const max = 200_000;

/** The text on which it takes more than a constant number of steps for each character; undefined for a linear one. */
function quadraticOn({ source, flags }: Found): string | undefined {
  const pattern = patternOf(source, flags);
  const found = attacks(pattern).find(([small, large]) => {
    const steps = stepsFor(pattern, large, max);
    // Eight times as long: eight times the steps, or 64 times.
    return steps > 20 * large.length && (steps > max || steps > 20 * stepsFor(pattern, small, max));
  });
  return found?.[1];
}

describe("the judge", () => {
  it.each([
    ["(a+)+$", ""],
    ["^(?:a|a)*$", ""],
    ["\\s+$", ""],
    // The first alternative takes them at the beginning of a text, and nowhere else.
    [String.raw`^[ \t\r\n]+|[ \t\r\n]+$`, "g"],
    ["^\\s*,?\\s*x", ""],
    ["a*b", ""],
    ["x[^y]+z", ""],
    ["webhook for [^,]+ x", ""],
    [String.raw`^(?:\w+\s?)*$`, ""],
  ])("finds /%s/ not linear", (source, flags) => {
    expect(quadraticOn({ path: "", source, flags })).toBeDefined();
  });

  it.each([
    ["^[a-z0-9]+(?:[._-][a-z0-9]+)*$", ""],
    ["^\\w{1,64}$", ""],
    ["\\bAADSTS\\d{4,9}\\b", ""],
    ["^(?:\\[(?<name>.*)\\]|(?<name>[^[]*)):(?<port>[0-9]*)$", ""],
  ])("finds /%s/ linear", (source, flags) => {
    expect(quadraticOn({ path: "", source, flags })).toBeUndefined();
  });
});

describe("a regular expression", () => {
  const made: Found[] = [];
  const native = RegExp;
  beforeAll(async () => {
    const makers = sources.filter(({ text }) => text.includes("new RegExp("));
    const load = (): Promise<unknown> => Promise.all(makers.map(({ path }) => import(join(root, path))));
    // What they import comes first, so that only their own show below.
    await load();
    vi.resetModules();
    // Those that are put together show when their modules are loaded.
    globalThis.RegExp = new Proxy(native, {
      construct: (target, [source, flags = ""]: [string | RegExp, string?], as) => {
        made.push({ path: "put together", source: String(source), flags });
        return Reflect.construct(target, [source, flags], as) as object;
      },
    });
    await load();
    globalThis.RegExp = native;
  });
  afterAll(() => {
    globalThis.RegExp = native;
  });

  it("takes a bounded number of steps for each character, or meets bounded texts only", () => {
    const all = [...sources.flatMap(literalsIn), ...made];
    expect(all.length).toBeGreaterThan(100);
    expect(made.length).toBeGreaterThan(2);
    const odd = all.filter((each) => !(each.source in bounded) && quadraticOn(each) !== undefined);
    expect(odd.map(({ path, source }) => `${path}: /${source}/`)).toEqual([]);
  });

  it("that is allowed more is there", () => {
    const known = new Set(sources.flatMap(literalsIn).map(({ source }) => source));
    expect(Object.keys(bounded).filter((source) => !known.has(source))).toEqual([]);
  });
});
