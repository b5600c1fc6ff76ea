// What may stand in a RegistryCredential, and what does it mean?
//
// One zod schema holds the whole kind. The TypeScript types are inferred from it, objects from the API server are parsed
// with it, and crd.ts makes the CustomResourceDefinition of it. So it uses only what a structural schema can say: no
// unions, no references, every string, list, map and integer bounded (the API server multiplies the bounds into the cost
// of each CEL rule), no empty lists. The default of an object is written in full, since the API server judges it by the
// rules before it fills in the defaults inside.

import { z } from "zod";
import { credentialRules, entryRules, identityRules, rules, textRules } from "./rules.ts";
import { defaultPullSecretName } from "./names.ts";
import { labelKeySyntax } from "./placeholder-syntax.ts";

// DNS-1123 label and subdomain, label value:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const labelLength = 63;
const subdomainLength = 253;
// A label key is PREFIX/NAME, a subdomain and a label.
const labelKeyLength = subdomainLength + 1 + labelLength;

const objectName = z.string().min(1).max(subdomainLength).meta(rules(textRules.objectName));
const namespaceName = z.string().min(1).max(labelLength).meta(rules(textRules.namespaceName));
const secretKey = z.string().min(1).max(subdomainLength).meta(rules(textRules.secretKey));
const labelValue = z
  .string()
  .max(labelLength)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/);
const labelKey = z
  .string()
  .max(labelKeyLength)
  .regex(new RegExp(`^${labelKeySyntax}$`));
const time = z.string().max(64).meta({ format: "date-time" });
const count = z.int().min(0).max(1_000_000).meta({ format: "int32" });
const generation = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ format: "int64" });

/** Text that may hold placeholders, at most `length` characters as written. */
const template = (length: number) => z.string().min(1).max(length).meta(rules(textRules.placeholders));
/** Text in which a placeholder would be a mistake. */
const literal = (length: number) => z.string().min(1).max(length).meta(rules(textRules.literal));
const globs = (longest: number) =>
  z
    .array(z.string().min(1).max(longest).meta(rules(textRules.glob)))
    .min(1)
    .max(64)
    .meta({ "x-kubernetes-list-type": "set" });

const identity = z
  .object({
    from: z
      .enum(["Operator", "Secret", "ServiceAccount", "TenantServiceAccount"])
      .default("Operator")
      .describe(
        "Operator: the operator's own cloud identity. Secret: keys in a Secret of the operator's namespace. " +
          "ServiceAccount: one of the operator's namespace. TenantServiceAccount: one of each tenant namespace, which must consent by RBAC.",
      ),
    name: objectName.optional().describe("Name of the Secret or ServiceAccount."),
  })
  .meta(rules(...identityRules));

const ecr = z.object({
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html: path <= 512, name <= 64; room for placeholders.
  roleARN: template(1024)
    .meta(rules(textRules.placeholders, textRules.roleARN))
    .optional()
    .describe("Role to assume before asking for the token. May hold placeholders."),
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  externalID: template(1224)
    .optional()
    .describe("External id that the role's trust policy demands. May hold placeholders."),
});

const acr = z.object({
  tenantID: template(253).optional().describe("Entra tenant. May hold placeholders."),
  clientID: template(253)
    .optional()
    .describe("Client id of the Entra application or managed identity. May hold placeholders."),
  audience: literal(512)
    .optional()
    .describe("Entra audience; the registry service's own if absent. Sovereign clouds may need another."),
  repositories: z
    .array(template(512))
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe("Repositories that the token may pull; all that the identity may pull if absent. May hold placeholders."),
});

const google = z.object({
  impersonate: template(253)
    .optional()
    .describe("Email of the Google service account to impersonate. May hold placeholders."),
  workloadIdentityProvider: literal(512)
    .optional()
    .describe("Resource name projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER."),
  scopes: z
    .array(literal(256))
    .min(1)
    .max(8)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe("OAuth scopes of the token; read-only storage if absent."),
});

const ocir = z.object({});

const icr = z.object({
  trustedProfileID: template(253).optional().describe("IBM Cloud trusted profile to use. May hold placeholders."),
});

const staticSource = z.object({
  secretName: z
    .string()
    .min(1)
    .max(subdomainLength)
    .meta(rules(textRules.sourceName))
    .describe(
      "Secret with the credential: type kubernetes.io/dockerconfigjson, kubernetes.io/dockercfg, kubernetes.io/basic-auth, or Opaque. " +
        "May hold placeholders after a literal prefix.",
    ),
  secretNamespace: namespaceName
    .optional()
    .describe("Namespace of the Secret; the operator's if absent. Others must be allowed by --source-namespaces."),
  usernameKey: secretKey.default("username").describe("Key of the user name in an Opaque Secret."),
  passwordKey: secretKey.default("password").describe("Key of the password in an Opaque Secret."),
});

const valueFrom = ["Token", "Username", "Password"] as const;

const tokenExchange = z
  .object({
    url: z
      .string()
      .min(1)
      .max(1024)
      .meta(rules(textRules.exchangeURL))
      .describe("Where to ask for the token; https only."),
    method: z.enum(["POST", "GET"]).default("POST").describe("HTTP method."),
    audience: literal(512)
      .optional()
      .describe("Audience of the ServiceAccount token that is exchanged; the operator's configured one if absent."),
    auth: z
      .object({
        type: z
          .enum(["None", "Basic", "Bearer"])
          .default("None")
          .describe("Basic: username and the identity's token or password. Bearer: the identity's token."),
        username: literal(256).optional().describe("User name for Basic; the identity Secret's if absent."),
      })
      .prefault({ type: "None" })
      .describe("The Authorization header of the request."),
    headers: z
      .array(
        z.object({
          name: z.string().min(1).max(64).meta(rules(textRules.headerName)).describe("Header name."),
          value: literal(1024).describe("Header value; no secret belongs here."),
        }),
      )
      .min(1)
      .max(8)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("Further request headers."),
    body: z
      .object({
        format: z.enum(["Form", "JSON"]).default("Form").describe("Encoding of the fields."),
        fields: z
          .array(
            z
              .object({
                name: literal(128).describe("Field name."),
                value: literal(1024).optional().describe("Literal value; no secret belongs here."),
                valueFrom: z
                  .enum(valueFrom)
                  .optional()
                  .describe(
                    "Token: the identity's token (of a Secret: key token). Username, Password: keys of the identity's Secret.",
                  ),
              })
              .meta(rules(textRules.exchangeField)),
          )
          .min(1)
          .max(16)
          .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
          .describe("What is sent, in this order."),
      })
      .optional()
      .describe("Request body; none if absent."),
    response: z
      .object({
        tokenPath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .default("access_token")
          .describe("Where the token stands in the JSON answer: field names joined by dots."),
        expiry: z
          .enum(["Seconds", "Time", "JWT"])
          .default("Seconds")
          .describe(
            "Seconds: expiryPath holds a length. Time: expiryPath holds RFC 3339 or epoch seconds. JWT: the token's exp claim.",
          ),
        expiryPath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .default("expires_in")
          .describe("Where the expiry stands in the JSON answer; unused with JWT."),
        usernamePath: z
          .string()
          .min(1)
          .max(128)
          .meta(rules(textRules.jsonPath))
          .optional()
          .describe("Where the user name stands in the JSON answer, if it is not fixed."),
      })
      .prefault({ tokenPath: "access_token", expiry: "Seconds", expiryPath: "expires_in" })
      .describe("How to read the answer."),
    username: literal(256).optional().describe("User name that goes with the token at the registry."),
  })
  .meta(rules(textRules.exchangeUsername));

const entry = z
  .object({
    name: namespaceName.describe("Name of the entry, for status and messages; unique in this object."),
    provider: z
      .enum(["ECR", "ECRPublic", "ACR", "GCR", "GAR", "OCIR", "ICR", "Static", "TokenExchange"])
      .describe(
        "Kind of registry. GCR: gcr.io. GAR: *.pkg.dev. Static: a Secret you keep. TokenExchange: any HTTP token endpoint.",
      ),
    hosts: z
      .array(
        z
          .string()
          .min(1)
          .max(subdomainLength)
          .meta(rules(...textRules.host)),
      )
      .min(1)
      .max(16)
      .meta({ "x-kubernetes-list-type": "set" })
      .describe(
        'Registry hosts served by this entry: HOST[:PORT][/PATH]; docker.io for Docker Hub. With provider Static, "*" alone takes every host of the source.',
      ),
    identity: identity.prefault({ from: "Operator" }).describe("Who asks the cloud for the token."),
    ecr: ecr.optional().describe("Settings of ECR and ECRPublic."),
    acr: acr.optional().describe("Settings of ACR."),
    google: google.optional().describe("Settings of GCR and GAR."),
    ocir: ocir.optional().describe("Settings of OCIR; it has none yet."),
    icr: icr.optional().describe("Settings of ICR."),
    static: staticSource.optional().describe("Settings of Static."),
    tokenExchange: tokenExchange.optional().describe("Settings of TokenExchange."),
    caSecretName: objectName
      .optional()
      .describe(
        "Secret of the operator's namespace whose key ca.crt holds the CA certificates of the endpoint and the registry.",
      ),
    verify: z
      .object({
        image: template(1024)
          .meta(rules(textRules.placeholders, textRules.image))
          .describe("Full image reference, HOST/REPOSITORY:TAG or @DIGEST. May hold placeholders."),
      })
      .optional()
      .describe("An image that a new token must be able to pull before it is published."),
  })
  .meta(rules(...entryRules));

const selector = z
  .object({
    matchLabels: z
      .record(labelKey, labelValue)
      .meta({ minProperties: 1, maxProperties: 16 })
      .optional()
      .describe("Labels that the Namespace must carry, all of them."),
    matchExpressions: z
      .array(
        z
          .object({
            key: z.string().min(1).max(labelKeyLength).meta(rules(textRules.labelKey)).describe("Label key."),
            operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label is compared."),
            values: z
              .array(labelValue)
              .min(1)
              .max(32)
              .meta({ "x-kubernetes-list-type": "set" })
              .optional()
              .describe("Values for In and NotIn."),
          })
          .meta(rules(textRules.expressionValues)),
      )
      .min(1)
      .max(16)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe("Further conditions on labels, all of which must hold."),
  })
  .meta(rules(credentialRules.selector));

const namespaces = z
  .object({
    include: globs(labelLength)
      .optional()
      .describe("Globs of namespace names (* and ?); one must match. Every name if absent."),
    exclude: globs(labelLength).optional().describe("Globs of namespace names that are never served."),
    selector: selector.optional().describe("Labels that the Namespace must carry."),
  })
  .meta(rules(credentialRules.namespaces));

const pullSecret = z
  .object({
    name: objectName.default(defaultPullSecretName).describe("Name of the Secret in each selected namespace."),
    labels: z
      .record(labelKey, labelValue)
      .meta({ maxProperties: 16, ...rules(credentialRules.reservedLabels) })
      .optional()
      .describe("Labels to set on it."),
    annotations: z
      .record(labelKey, z.string().max(1024).meta(rules(textRules.literal)))
      .meta({ maxProperties: 16, ...rules(credentialRules.reservedAnnotations) })
      .optional()
      .describe("Annotations to set on it."),
    onConflict: z
      .enum(["Fail", "Merge", "Adopt"])
      .default("Fail")
      .describe(
        "What to do with a Secret of that name that is not ours. Fail: leave it alone and say so. Merge: keep its other hosts. Adopt: take it over.",
      ),
    extraReferences: z
      .array(objectName)
      .min(1)
      .max(8)
      .meta({ "x-kubernetes-list-type": "set" })
      .optional()
      .describe("Names of other Secrets of the tenant that are referenced beside ours."),
  })
  .meta(rules(credentialRules.extraReferences));

export const specSchema = z
  .object({
    registries: z
      .array(entry)
      .min(1)
      .max(16)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .describe("The registries that the selected namespaces may pull from."),
    namespaces: namespaces.describe(
      "Which namespaces are served. kube-* and the operator's own only by an include without wildcard.",
    ),
    references: z
      .enum(["ServiceAccounts", "None"])
      .default("ServiceAccounts")
      .describe(
        "ServiceAccounts: add the pull Secret to imagePullSecrets of the ServiceAccounts. None: leave them alone.",
      ),
    serviceAccounts: z
      .object({
        include: globs(subdomainLength)
          .default(["*"])
          .describe("Globs of ServiceAccount names (* and ?); one must match."),
        exclude: globs(subdomainLength).optional().describe("Globs of ServiceAccount names that are left alone."),
      })
      .prefault({ include: ["*"] })
      .describe("Which ServiceAccounts of a selected namespace get the reference."),
    pullSecret: pullSecret
      .prefault({ name: defaultPullSecretName, onConflict: "Fail" })
      .describe("The Secret that tenants get."),
    podRecovery: z
      .enum(["None", "Evict"])
      .default("None")
      .describe("Evict: evict pods that could not pull because they were created before the reference."),
    deletionPolicy: z
      .enum(["Delete", "Retain"])
      .default("Delete")
      .describe("Whether pull Secrets and references go or stay when this object is deleted."),
    suspend: z.boolean().default(false).describe("Stop all writes to tenants; tokens are still refreshed."),
  })
  .meta(rules(...credentialRules.spec));

// https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go, type Condition
const condition = z.object({
  type: z
    .string()
    .max(316)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
    )
    .describe("What is judged: Ready, Reconciling, Stalled, TokensFresh, Distributed, RemovalHeld."),
  status: z.enum(["True", "False", "Unknown"]).describe("The judgement."),
  observedGeneration: generation.optional().describe("Generation that was judged."),
  lastTransitionTime: time.describe("When the judgement last changed."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("One word for machines."),
  message: z.string().max(32_768).describe("A sentence for the person who must act."),
});

export const statusSchema = z.object({
  observedGeneration: generation.optional().describe("Generation that this status describes."),
  conditions: z
    .array(condition)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe("Ready, TokensFresh and Distributed always; Reconciling, Stalled and RemovalHeld while True."),
  registries: z
    .array(
      z.object({
        name: z.string().min(1).max(labelLength).describe("Name of the entry."),
        identities: count.describe("Grants that the selected namespaces share."),
        failing: count.describe("Grants whose last attempt failed."),
        expiresAt: time.optional().describe("Earliest expiry of its tokens."),
        refreshedAt: time.optional().describe("Oldest time of issue of its tokens."),
        state: z
          .enum(["Pending", "Issued", "Verified", "PublishedUnverified", "Failing", "Expired"])
          .describe(
            "The worst of its grants. Pending: no token yet. Issued: in force, nothing to verify it with. Verified: in force and tried. " +
              "PublishedUnverified: in force although verification denied it. Failing: cannot be renewed, the old one lives. Expired: none lives.",
          ),
        reason: z.string().max(1024).optional().describe("Why, in one word."),
        message: z.string().max(1024).optional().describe("Why, and what to do."),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("The entries, with the earliest times and the worst state of their grants."),
  namespaces: z
    .object({
      selected: count.describe("Namespaces that are selected."),
      ready: count.describe("Of these: served."),
      pending: count.describe("Of these: being worked on."),
      failed: count.describe("Of these: not served; see failures."),
    })
    .optional()
    .describe("How many namespaces are served."),
  namespacesReady: z.string().max(32).optional().describe("READY/SELECTED, for kubectl get."),
  expires: z
    .string()
    .max(64)
    .optional()
    .describe("Earliest expiry of all tokens as RFC 3339 text, or never; for kubectl get."),
  secretName: z
    .string()
    .max(subdomainLength)
    .optional()
    .describe("Name of the pull Secret that tenants are served under now; how a rename is noticed after a restart."),
  failures: z
    .array(
      z.object({
        reason: z.string().min(1).max(128).describe("What is wrong, in one word."),
        cause: z.enum(["Platform", "Tenant"]).describe("Who can mend it."),
        count: count.describe("Namespaces it happens in."),
        oldestSince: time.describe("Since when the oldest of them fails."),
        examples: z
          .array(z.string().max(labelLength))
          .max(3)
          .meta({ "x-kubernetes-list-type": "atomic" })
          .describe("Some of these namespaces."),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .optional()
    .describe("What keeps namespaces from being served, in groups."),
  retiring: z
    .array(
      z.object({
        secretName: z.string().max(subdomainLength).describe("Former name of the pull Secret."),
        until: time.describe("Until when it is kept fresh."),
      }),
    )
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["secretName"] })
    .optional()
    .describe("Pull Secrets of former names that are still kept."),
});

/** `T` with every property and element read-only. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** An entry as parsed, before its provider's settings are known to be there. */
export type WrittenEntry = Frozen<z.infer<typeof entry>>;
type EntryFields = Pick<WrittenEntry, "name" | "hosts" | "caSecretName" | "verify">;

export type Provider = WrittenEntry["provider"];
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
export type PullSecret = Spec["pullSecret"];

/** As in the API; times are RFC 3339 text. */
export type Status = Frozen<z.infer<typeof statusSchema>>;
export type Condition = Frozen<z.infer<typeof condition>>;
export type RegistryStatus = NonNullable<Status["registries"]>[number];
export type RegistryState = RegistryStatus["state"];
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
