// The fields that an object of a kind can have, by the schema of the API server itself, and what could stand in each.
import type { AdminClient } from "../cluster/admin-client.ts";

/** A schema as OpenAPI 3.0 has it: https://spec.openapis.org/oas/v3.0.4.html#schema-object */
interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
}

export interface Field {
  /** Such as `metadata.ownerReferences[].uid` for one more, `[0]` for the first there is, `metadata.labels{}` for a new member. */
  readonly path: string;
  /** Some may be refused by the API server's own validation, which comes before any policy. */
  readonly values: readonly unknown[];
  /** What stands there before, with the value in the field and what must stand beside it; `before` is left alone. */
  readonly set: (before: unknown, value: unknown) => unknown;
}

/** Of a label, an annotation, a member of `data`. */
const newKey = "example.com.never";
const byFormat: Readonly<Record<string, readonly unknown[]>> = {
  byte: [btoa("never"), btoa("{}")],
  "date-time": ["2001-02-03T04:05:06.000000Z", "2001-02-03T04:05:06Z"],
};
const byType: Readonly<Record<string, readonly unknown[]>> = {
  string: ["never", "example.com/never", "Never", "v1", "Orphan"],
  integer: [7777, 1],
  boolean: [true],
};

/** @param group as the paths of /openapi/v3 have it: `api/v1`, `apis/events.k8s.io/v1` */
export async function fieldsOf(
  admin: Pick<AdminClient, "get">,
  group: string,
  name: string,
): Promise<readonly Field[]> {
  const { components } = (await admin.get(`/openapi/v3/${group}`)) as unknown as {
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  const schemas = components.schemas;
  const whole = (schema: Schema): Schema => {
    const { $ref, allOf } = schema;
    const inner =
      $ref === undefined ? (allOf?.length === 1 ? allOf[0] : undefined) : schemas[$ref.split("/").at(-1) ?? ""];
    return inner ? whole(inner) : schema;
  };
  const found = schemas[name];
  if (!found) throw new Error(`the API server knows no ${name} in ${group}`);

  /** The least that the schema asks for. */
  const min = (reference: Schema): unknown => {
    const schema = whole(reference);
    if (schema.properties)
      return Object.fromEntries((schema.required ?? []).map((each) => [each, min(schema.properties?.[each] ?? {})]));
    return schema.type === "array" ? [] : valuesOf(schema)[0];
  };

  const fieldsIn = (reference: Schema): readonly Field[] => {
    const schema = whole(reference);
    const { properties, additionalProperties, items } = schema;
    if (properties) {
      return Object.entries(properties).flatMap(([member, inner]) =>
        fieldsIn(inner).map(({ path, values, set }) => ({
          path: path === "" || "[{".includes(path.charAt(0)) ? `${member}${path}` : `${member}.${path}`,
          values,
          set: (before, value) => {
            const object = (before ?? min(schema)) as Readonly<Record<string, unknown>>;
            return { ...object, [member]: set(object[member], value) };
          },
        })),
      );
    }
    if (typeof additionalProperties === "object") {
      return fieldsIn(additionalProperties).map(({ path, values, set }) => ({
        path: `{}${path}`,
        values,
        set: (before, value) => ({ ...(before as object | undefined), [newKey]: set(undefined, value) }),
      }));
    }
    if (items) {
      return fieldsIn(items).flatMap(({ path, values, set }): Field[] => {
        const dotted = path === "" ? "" : `.${path}`;
        const list = (before: unknown): readonly unknown[] => (Array.isArray(before) ? before : []);
        return [
          { path: `[]${dotted}`, values, set: (before, value) => [...list(before), set(undefined, value)] },
          {
            path: `[0]${dotted}`,
            values,
            set: (before, value) => [set(list(before)[0], value), ...list(before).slice(1)],
          },
        ];
      });
    }
    return [{ path: "", values: valuesOf(schema), set: (_before, value) => value }];
  };
  return fieldsIn(found);
}

function valuesOf({ type = "", format = "", enum: listed }: Schema): readonly unknown[] {
  return listed ?? byFormat[format] ?? byType[type] ?? [{}];
}
