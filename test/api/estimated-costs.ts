// The API server's estimated cost of each CEL rule of a CRD.
//
// It tells a cost only where a rule exceeds the limit, as a factor of the limit; and it multiplies the cost of a rule by the
// number of items the rule may run for. So the schema under test becomes the items of a list, and the list's maxItems is
// raised step by step until each rule exceeds the limit. The expressions themselves stay as they are.

import type { Schema } from "../../src/api/crd.ts";
import type { Rule } from "../../src/api/rules.ts";

// apiextensions-apiserver, pkg/apis/apiextensions/validation/validation.go:
// StaticEstimatedCostLimit, StaticEstimatedCRDCostLimit, getCostErrorMessage.
export const ruleLimit = 10_000_000;
export const crdLimit = 100_000_000;

/** One error of a refused CRD. */
export interface SchemaError {
  readonly field: string;
  readonly message: string;
}

/** Asks a real API server to judge the schema, without keeping it; gives the errors. */
export type Judge = (schema: Schema) => Promise<readonly SchemaError[]>;

/** Undefined too for "more than 100x", which is all it says above that. */
const factorIn = (message: string): number | undefined => {
  const found = /exceeds budget by factor of ([0-9.]+)x/.exec(message);
  return found ? Number(found[1]) : undefined;
};

// How the errors spell the place of the list's items.
const listItems = "spec.validation.openAPIV3Schema.properties[list].items";

/** The schema as the items of a list of at most `times`; an embedded resource, so that rules may still see metadata. */
const repeated = (schema: Schema, times: number): Schema =>
  ({
    type: "object",
    properties: {
      list: { type: "array", maxItems: times, items: { ...schema, "x-kubernetes-embedded-resource": true } },
    },
  }) as Schema;

export interface RuleNode extends Rule {
  /** Path of the node that the rule judges, such as `spec.registries[].hosts[]`; empty for the object itself. */
  readonly path: string;
  /** The same as the errors about a CRD spell it, from the schema's root. */
  readonly field: string;
}

/** Every rule of the schema. */
export function ruleNodes(schema: Schema, path = "", field = ""): readonly RuleNode[] {
  const inside = (child: Schema, name: string, step: string) => ruleNodes(child, `${path}${name}`, `${field}${step}`);
  return [
    ...(schema["x-kubernetes-validations"] ?? []).map((rule, index) => ({
      ...rule,
      path: path.replace(/^\./, ""),
      field: `${field}.x-kubernetes-validations[${index}].rule`,
    })),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
      inside(child, `.${name}`, `.properties[${name}]`),
    ),
    ...(schema.items ? inside(schema.items, "[]", ".items") : []),
    ...(schema.additionalProperties ? inside(schema.additionalProperties, "{}", ".additionalProperties") : []),
  ];
}

export interface Cost extends RuleNode {
  readonly cost: number;
}

/** The estimated cost of each rule, to within 0.5 %, and of all of them as the API server sums them up. */
export async function estimatedCosts(
  schema: Schema,
  judge: Judge,
): Promise<{ readonly rules: readonly Cost[]; readonly total: number }> {
  const reported = new Map<string, number>();
  let total = 0;
  for (const times of [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]) {
    for (const { field, message } of await judge(repeated(schema, times))) {
      const factor = factorIn(message);
      // Later steps overwrite earlier ones: the greater the factor, the less its rounding to one decimal place matters.
      if (factor === undefined) continue;
      if (field.endsWith(".rule")) reported.set(field, (factor * ruleLimit) / times);
      else if (message.includes("total for entire OpenAPIv3 schema")) total = (factor * crdLimit) / times;
    }
  }
  const rules = ruleNodes(schema).map((node) => ({ ...node, cost: reported.get(`${listItems}${node.field}`) ?? 0 }));
  return { rules, total };
}
