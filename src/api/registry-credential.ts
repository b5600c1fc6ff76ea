// The RegistryCredential: schema and types.
//
// One zod schema holds the whole kind (spec-schema.ts, status-schema.ts). These types are inferred from it, objects from
// the API server are parsed with it, and crd.ts makes the CustomResourceDefinition of it. So it uses only what a
// structural schema can say: no unions, no references, every string, list, map and integer bounded (the API server
// multiplies the bounds into the cost of each CEL rule), no empty lists. The default of an object is written in full,
// since the API server judges it by the rules before it fills in the defaults inside.
import type { z } from "zod";
import type { acr, ecr, google, icr, ocir, staticSource } from "./provider-schemas.ts";
import type { entrySchema, specSchema } from "./spec-schema.ts";
import type { conditionSchema, statusSchema } from "./status-schema.ts";
import type { tokenExchange } from "../providers/token-exchange/settings.ts";

/** `T` with every property and element read-only. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** An entry as parsed, before its provider's settings are known to be there. */
export type WrittenEntry = Frozen<z.infer<typeof entrySchema>>;
type EntryFields = Pick<WrittenEntry, "name" | "hosts" | "registry" | "caSecretName" | "tokenServers" | "verify">;

export type EcrSettings = Frozen<z.infer<typeof ecr>>;
export type AcrSettings = Frozen<z.infer<typeof acr>>;
export type GoogleSettings = Frozen<z.infer<typeof google>>;
export type OcirSettings = Frozen<z.infer<typeof ocir>>;
export type IcrSettings = Frozen<z.infer<typeof icr>>;
export type StaticSettings = Frozen<z.infer<typeof staticSource>>;
export type TokenExchangeSettings = Frozen<z.infer<typeof tokenExchange>>;

export type Identity =
  | { readonly from: "Operator" }
  | { readonly from: "Secret" | "ServiceAccount" | "TenantServiceAccount"; readonly name: string };

/** One item of `spec.registries`: `provider` tells which settings are there. */
export type Entry = EntryFields & { readonly identity: Identity } & (
    | { readonly provider: "ECR" | "ECRPublic"; readonly ecr: EcrSettings }
    | { readonly provider: "ACR"; readonly acr: AcrSettings }
    | { readonly provider: "GCR" | "GAR"; readonly google: GoogleSettings }
    | { readonly provider: "OCIR"; readonly ocir: OcirSettings }
    | { readonly provider: "ICR"; readonly icr: IcrSettings }
    | { readonly provider: "Static"; readonly static: StaticSettings }
    | { readonly provider: "TokenExchange"; readonly tokenExchange: TokenExchangeSettings }
  );

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
