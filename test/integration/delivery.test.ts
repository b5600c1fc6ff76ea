// Tests that Argo CD and Flux accept what docs/install.md shows of them, by the kinds that they themselves define.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { goModule } from "../cluster/go-module.ts";
import { examples } from "../documents.ts";

/** Of a module in test/cluster/binaries, the file that defines the kind. */
const definitions: Readonly<Record<string, readonly [module: string, file: string]>> = {
  Application: ["argo-cd", "manifests/crds/application-crd.yaml"],
  HelmRelease: ["helm-controller", "config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml"],
  HelmRepository: ["source-controller", "config/crd/bases/source.toolkit.fluxcd.io_helmrepositories.yaml"],
};
const shown = examples
  .filter(({ object: { kind = "" } }) => kind in definitions)
  .map(({ object }) => ({ kind: object.kind ?? "", object }));

/** The part of a structural schema that says which fields there are, and of what type. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

async function schemaOf(kind: string, apiVersion: string): Promise<Schema> {
  const [module = "", file = ""] = definitions[kind] ?? [];
  const { spec } = parse(await readFile(join(await goModule(module), file), "utf8")) as Definition;
  const version = spec.versions.find(({ name }) => `${spec.group}/${name}` === apiVersion);
  if (!version) throw new Error(`${kind} has no version ${apiVersion}`);
  return version.schema.openAPIV3Schema;
}

/** What the API server would say of the value: fields that are unknown or missing, and values that do not fit. */
function complaints(schema: Schema, value: unknown, path: string): readonly string[] {
  const wrong: string[] = [];
  if (schema.enum && !schema.enum.includes(value)) wrong.push(`${path}: none of ${schema.enum.join(", ")}`);
  if (typeof value === "string" && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    wrong.push(`${path}: not like ${schema.pattern}`);
  if (Array.isArray(value)) {
    if (schema.type !== "array") return [`${path}: a list`];
    return value.flatMap((each, index) => complaints(schema.items ?? {}, each, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) {
    const fits = schema.type === undefined || schema.type === typeof value || schema.type === "integer";
    return fits ? wrong : [...wrong, `${path}: ${typeof value} instead of ${schema.type}`];
  }
  for (const name of schema.required ?? []) if (!(name in value)) wrong.push(`${path}.${name}: missing`);
  for (const [name, each] of Object.entries(value)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (known) wrong.push(...complaints(known, each, `${path}.${name}`));
    else if (schema["x-kubernetes-preserve-unknown-fields"] !== true && path !== ".metadata")
      wrong.push(`${path}.${name}: unknown`);
  }
  return wrong;
}

describe("Argo CD and Flux", () => {
  it("have an object each that the documents show whole", () => {
    expect(shown.map(({ kind }) => kind).toSorted()).toEqual(Object.keys(definitions).toSorted());
  });

  it.each(shown)("take the $kind as it stands, and none with a typing error", async ({ kind, object }) => {
    const schema = await schemaOf(kind, object.apiVersion ?? "");
    expect(complaints(schema, object, "")).toEqual([]);
    const spec = object["spec"] as Readonly<Record<string, unknown>>;
    expect(complaints(schema, { ...object, spec: { ...spec, vaules: {} } }, "")).toEqual([".spec.vaules: unknown"]);
  });
});
