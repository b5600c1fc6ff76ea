// The fields that an item of `spec.registries` has whatever its provider is.
import { z } from "zod";
import { longestHost, maxHosts } from "./entry-bounds.ts";
import { type Frozen, namespaceName, objectName, subdomainLength, template } from "./field-schemas.ts";
import { identityRules, rules, textRules } from "./rules.ts";

// `:65535`
const hostAndPortLength = subdomainLength + 6;

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

export const entryName = namespaceName.describe("Name of the entry, for status and messages; unique in this object.");

/** Between the provider and its settings. */
export const whoAndWhere = {
  hosts: z
    .array(
      z
        .string()
        .min(1)
        .max(longestHost)
        .meta(rules(...textRules.host)),
    )
    .min(1)
    .max(maxHosts)
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "Registry hosts served by this entry, spelled as images are, letter by letter: HOST[:PORT][/PATH]; docker.io for Docker Hub. " +
        'With provider Static, "*" alone takes every host of the source; with ECR, *.dkr.ecr.REGION.amazonaws.com is for all accounts.',
    ),
  registry: z
    .string()
    .min(1)
    .max(longestHost)
    .optional()
    .describe(
      "The cloud's own host of the registry, where hosts are names of your own that lead to it. The token is made for it, and goes to whoever answers at hosts.",
    ),
  identity: identity.prefault({ from: "Operator" }).describe("Who asks the cloud for the token."),
} as const;

/** After the settings. */
export const trustAndVerify = {
  caSecretName: objectName
    .optional()
    .describe(
      "Secret of the operator's namespace whose key ca.crt holds the CA certificates of the endpoint and the registry.",
    ),
  tokenServers: z
    .array(z.string().min(1).max(hostAndPortLength).meta(rules(textRules.tokenServer)))
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "set" })
    .optional()
    .describe(
      "Token servers on another host or port than the registry, HOST[:PORT], which a login may be sent to over https where it is tried.",
    ),
  verify: z
    .object({
      image: template(1024)
        .meta(rules(textRules.placeholders, textRules.image))
        .describe("Full image reference, HOST/REPOSITORY:TAG or @DIGEST. May hold placeholders."),
    })
    .optional()
    .describe("An image that a new token must be able to pull before it is published."),
} as const;

const fields = z.object({ name: entryName, ...whoAndWhere, ...trustAndVerify });

/** As parsed: before it is known whether the identity has the name that it needs. */
export type WrittenFields = Frozen<z.infer<typeof fields>>;

export type Identity =
  | { readonly from: "Operator" }
  | { readonly from: "Secret" | "ServiceAccount" | "TenantServiceAccount"; readonly name: string };

export type EntryFields = Omit<WrittenFields, "identity"> & { readonly identity: Identity };
