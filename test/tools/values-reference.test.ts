// Tests that every value of the chart is documented, checked by the schema, and read from the comments of values.yaml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { valuesReference, valuesSections } from "../../tools/generate/values-reference.ts";

const chart = join(import.meta.dirname, "../../config/chart");
const text = readFileSync(join(chart, "values.yaml"), "utf8");
const values = valuesSections(text).flatMap((section) => section.values);

interface Schema {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Schema | false>>;
  readonly patternProperties?: object;
  readonly additionalProperties?: unknown;
  readonly definitions?: Readonly<Record<string, Schema>>;
}
const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8")) as Schema;

function resolved(node: Schema): Schema {
  const name = node.$ref?.replace("#/definitions/", "");
  return name === undefined ? node : (schema.definitions?.[name] ?? {});
}

/** Paths of an object and of what is in it. */
function paths(node: Schema, path: string): readonly string[] {
  const { properties = {}, patternProperties } = resolved(node);
  const members = patternProperties ? [] : Object.entries(properties);
  const inner = members.flatMap(([name, each]) =>
    each === false ? [] : paths(each, path === "" ? name : `${path}.${name}`),
  );
  return path === "" ? inner : [path, ...inner];
}

/** Objects whose members have names, and which would take one that is mistyped. */
function lenient(node: Schema, path: string): readonly string[] {
  const { type, properties, additionalProperties } = resolved(node);
  const inner = Object.entries(properties ?? {}).flatMap(([name, each]) =>
    each === false ? [] : lenient(each, `${path}.${name}`),
  );
  return type === "object" && properties && additionalProperties !== false ? [path, ...inner] : inner;
}

describe("the chart's values", () => {
  it("are all in the schema, with each of their members", () => {
    const known = new Set(paths(schema, ""));
    expect(values.map(({ path }) => path).filter((path) => !known.has(path))).toEqual([]);
  });

  it("are all that the schema takes, so that each has a default and a comment", () => {
    // What is in them is Kubernetes' own, or one of a list that a comment names.
    const written = ["dnsConfig", "endpoints", "global"];
    const there = new Set(values.map(({ path }) => path));
    const containers = new Set(values.flatMap(({ path }) => (path.includes(".") ? [path.replace(/\.\w+$/, "")] : [])));
    const unknown = paths(schema, "").filter(
      (path) => !there.has(path) && !containers.has(path) && !written.some((name) => path.startsWith(name)),
    );
    expect(unknown).toEqual([]);
  });

  it("are told where they are mistyped, in objects too", () => {
    expect(lenient(schema, "")).toEqual([]);
  });

  it("have a comment each, or the object around them has", () => {
    const commented = new Set(values.filter(({ description }) => description !== "").map(({ path }) => path));
    const silent = values.filter(({ path }) => !commented.has(path) && !commented.has(path.replace(/\.\w+$/, "")));
    expect(silent).toEqual([]);
  });
});

describe("the reference of values", () => {
  it("reads sections, comments and defaults out of a file of values", () => {
    const read = valuesSections(
      [
        "# About the file.",
        "",
        "# -- The door. How wide.",
        "width: 1",
        "# Who may.",
        "guests:",
        "  # Names.",
        "  list: [a]",
        "  labels:",
        '    acme.io/a: "b"',
        "# -- Windows.",
        "# None.",
        "windows: {}",
      ].join("\n"),
    );
    expect(read).toEqual([
      {
        title: "The door",
        values: [
          { path: "width", fallback: "1", description: "How wide." },
          { path: "guests", fallback: undefined, description: "Who may." },
          { path: "guests.list", fallback: '["a"]', description: "Names." },
          { path: "guests.labels", fallback: '{"acme.io/a":"b"}', description: "" },
        ],
      },
      { title: "Windows", values: [{ path: "windows", fallback: "{}", description: "None." }] },
    ]);
  });

  it("refuses a value that belongs nowhere", () => {
    expect(() => valuesSections("a: 1")).toThrow(/^a stands before the first section/);
  });

  it("names every value that the file has", () => {
    const reference = valuesReference(text);
    const names = Object.keys(parse(text) as object);
    expect(names.filter((name) => !reference.includes(`| \`${name}`))).toEqual([]);
  });
});
