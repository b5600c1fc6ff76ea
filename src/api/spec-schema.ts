// The schema of a RegistryCredential's spec.
import { z } from "zod";
import { longestHost, maxHosts } from "./entry-bounds.ts";
import {
  labelLength,
  subdomainLength,
  labelKeyLength,
  objectName,
  namespaceName,
  labelValue,
  labelKey,
  template,
  globs,
} from "./field-schemas.ts";
import { defaultPullSecretName } from "./names.ts";
import { acr, ecr, google, icr, identity, ocir, staticSource } from "./provider-schemas.ts";
import { credentialRules, entryRules, rules, textRules } from "./rules.ts";
import { tokenExchange } from "../providers/token-exchange/settings.ts";

// `:65535`
const hostAndPortLength = subdomainLength + 6;

export const entrySchema = z
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
  })
  .meta(rules(...entryRules));

const selector = z
  .object({
    matchLabels: z
      .record(labelKey, labelValue)
      .meta({ minProperties: 1, maxProperties: 16, ...rules(credentialRules.labelKeys) })
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
      .meta({ maxProperties: 16, ...rules(credentialRules.reservedLabels, credentialRules.labelKeys) })
      .optional()
      .describe("Labels to set on it."),
    annotations: z
      .record(labelKey, z.string().max(1024).meta(rules(textRules.literal)))
      .meta({ maxProperties: 16, ...rules(credentialRules.reservedAnnotations, credentialRules.annotationKeys) })
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
      .array(entrySchema)
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
