// Tests of the CRD's schema: it keeps to the rules of structural schemas and to what the CEL cost estimate needs.
import { describe, expect, it } from "vitest";
import type { Schema } from "../../src/api/crd.ts";
import { credentialSchema, customResourceDefinition } from "../../src/api/crd.ts";

interface Node {
  readonly path: string;
  readonly schema: Schema;
  /** A field of an object, unlike the items of a list. */
  readonly field: boolean;
}

function nodesOf(path: string, schema: Schema, field: boolean): readonly Node[] {
  return [
    { path, schema, field },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => nodesOf(`${path}.${name}`, child, true)),
    ...(schema.items ? nodesOf(`${path}[]`, schema.items, false) : []),
    ...(schema.additionalProperties ? nodesOf(`${path}{}`, schema.additionalProperties, false) : []),
  ];
}

const { spec, status } = credentialSchema().properties ?? {};
if (!spec || !status) throw new Error("the schema lacks spec or status");
const nodes = [...nodesOf("spec", spec, true), ...nodesOf("status", status, true)];
const pathsWhere = (wrong: (node: Node) => boolean): string[] => nodes.filter(wrong).map(({ path }) => path);

// All that crd.ts and the API reference know how to read; among others no oneOf, anyOf, allOf, not and $ref.
const keywords = new Set([
  "type",
  "description",
  "format",
  "pattern",
  "enum",
  "default",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "items",
  "properties",
  "additionalProperties",
  "required",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
]);

describe("the schema of a RegistryCredential", () => {
  it("uses no keyword beyond those of a plain structural schema", () => {
    expect(pathsWhere(({ schema }) => Object.keys(schema).some((keyword) => !keywords.has(keyword)))).toEqual([]);
  });

  it("gives every node a type and every field a description", () => {
    expect(pathsWhere(({ schema }) => typeof schema.type !== "string")).toEqual([]);
    expect(pathsWhere(({ schema, field }) => field && !schema.description)).toEqual([]);
  });

  it("bounds every string, list, map and integer", () => {
    expect(pathsWhere(({ schema }) => schema.type === "string" && !schema.enum && !schema.maxLength)).toEqual([]);
    expect(pathsWhere(({ schema }) => schema.type === "array" && !schema.maxItems)).toEqual([]);
    expect(pathsWhere(({ schema }) => schema.additionalProperties !== undefined && !schema.maxProperties)).toEqual([]);
    expect(
      pathsWhere(
        ({ schema }) => schema.type === "integer" && (schema.minimum === undefined || schema.maximum === undefined),
      ),
    ).toEqual([]);
  });

  it("allows no empty list in spec, and no map of keys beside named fields", () => {
    expect(
      pathsWhere(({ path, schema }) => path.startsWith("spec") && schema.type === "array" && !schema.minItems),
    ).toEqual([]);
    expect(
      pathsWhere(({ schema }) => schema.properties !== undefined && schema.additionalProperties !== undefined),
    ).toEqual([]);
  });

  it("says of every list how it is merged, with required keys where by key", () => {
    expect(pathsWhere(({ schema }) => schema.type === "array" && !schema["x-kubernetes-list-type"])).toEqual([]);
    expect(
      pathsWhere(({ schema }) => {
        const keys = schema["x-kubernetes-list-map-keys"] ?? [];
        const isMap = schema["x-kubernetes-list-type"] === "map";
        return isMap
          ? keys.length === 0 || keys.some((key) => !schema.items?.required?.includes(key))
          : keys.length > 0;
      }),
    ).toEqual([]);
  });

  it("gives every rule a message that begins with what to do", () => {
    const messages = nodes
      .flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? [])
      .map(({ message }) => message);
    expect(messages.filter((message) => !/^(write|remove) /.test(message))).toEqual([]);
  });

  it("comes out the same every time", () => {
    expect(JSON.stringify(customResourceDefinition("1.0.0"))).toBe(JSON.stringify(customResourceDefinition("1.0.0")));
  });
});
