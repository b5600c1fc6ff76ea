// The RegistryCredential: schema and types.
//
// One zod schema holds the whole kind (spec-schema.ts, status-schema.ts). These types are inferred from it, objects from
// the API server are parsed with it, and crd.ts makes the CustomResourceDefinition of it. So it uses only what a
// structural schema can say: no unions, no references, every string, list, map and integer bounded (the API server
// multiplies the bounds into the cost of each CEL rule), no empty lists. The default of an object is written in full,
// since the API server judges it by the rules before it fills in the defaults inside.
import type { z } from "zod";
import type { Entry } from "../providers/index.ts";
import type { Frozen } from "./field-schemas.ts";
import type { specSchema } from "./spec-schema.ts";
import type { conditionSchema, statusSchema } from "./status-schema.ts";

export type { Identity } from "./entry-fields.ts";
export type { Entry } from "../providers/index.ts";

export type Spec = Frozen<Omit<z.infer<typeof specSchema>, "registries">> & { readonly registries: readonly Entry[] };
export type NamespaceSelection = Spec["namespaces"];
export type ServiceAccountSelection = Spec["serviceAccounts"];

/** As in the API; times are RFC 3339 text. */
export type Status = Frozen<z.infer<typeof statusSchema>>;
export type Condition = Frozen<z.infer<typeof conditionSchema>>;
export type RegistryStatus = NonNullable<Status["registries"]>[number];
export type FailureGroup = NonNullable<Status["failures"]>[number];
export type Retiring = NonNullable<Status["retiring"]>[number];

/** A RegistryCredential as the rest of the program sees it: defaults applied, entries narrowed by provider. */
export interface RegistryCredential {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly creationTimestamp: Temporal.Instant;
  readonly deletionTimestamp?: Temporal.Instant;
  readonly finalizers: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Spec;
  readonly status?: Status;
}
