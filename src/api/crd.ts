// The CustomResourceDefinition of RegistryCredential, generated from the zod schema.

import { z } from "zod";
import { conditions, conditionTypes } from "./conditions.ts";
import { crdName, group, kind, plural, releaseAnnotation, shortName, version } from "./names.ts";
import type { ProviderList } from "../providers/definition.ts";
import { providers as ownProviders } from "../providers/index.ts";
import { specSchemaOf } from "./spec-schema.ts";
import { statusSchema } from "./status-schema.ts";
import type { Rule } from "./rules.ts";
import { credentialRules } from "./rules.ts";

/** The part of a structural schema that ours uses. */
export interface Schema {
  readonly type: "object" | "array" | "string" | "integer" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** `io: "input"`: what an author may leave out is not required. The openapi-3.0 dialect is the one a CRD speaks. */
const schemaOf = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Schema;

/** The schema of the whole object. */
export function credentialSchema(providers: ProviderList = ownProviders): Schema {
  return {
    description:
      "RegistryCredential keeps a working image pull Secret in every namespace it selects, for the registries it lists.",
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `Always ${group}/${version}.` },
      kind: { type: "string", description: `Always ${kind}.` },
      metadata: { type: "object" },
      spec: { ...schemaOf(specSchemaOf(providers)), description: "What is wanted." },
      status: { ...schemaOf(statusSchema), description: "What is; written by the operator." },
    },
    "x-kubernetes-validations": credentialRules.object,
  };
}

const conditionColumns = (member: "status" | "reason") =>
  conditionTypes.flatMap((type) =>
    (conditions[type].columns ?? [])
      .filter(({ shows }) => shows === member)
      .map(({ name, description }) => ({
        name,
        type: "string",
        jsonPath: `.status.conditions[?(@.type=="${type}")].${member}`,
        description,
      })),
  );

/** The one version that is served. */
export function servedVersion() {
  return {
    name: version,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: [
      ...conditionColumns("status"),
      {
        name: "Namespaces",
        type: "string",
        jsonPath: ".status.namespacesReady",
        description: "Served and selected namespaces.",
      },
      {
        name: "Expires",
        type: "string",
        jsonPath: ".status.expires",
        description: "Earliest expiry of the tokens.",
      },
      ...conditionColumns("reason"),
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Time since creation." },
    ],
    schema: { openAPIV3Schema: credentialSchema() },
  };
}

/** The CustomResourceDefinition as data, ready to be sent or printed. It names the release that it is of. */
export function customResourceDefinition(release: string) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: crdName, annotations: { [releaseAnnotation]: release } },
    spec: {
      group,
      scope: "Cluster",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ["credentials"],
      },
      versions: [servedVersion()],
    },
  };
}
