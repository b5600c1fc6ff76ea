// The schema of a RegistryCredential's spec.
import { z } from "zod";
import type { AnyProvider, ProviderList } from "../providers/definition.ts";
import { providers as ownProviders } from "../providers/index.ts";
import { entryName, trustAndVerify, whoAndWhere } from "./entry-fields.ts";
import { entryRules } from "./entry-rules.ts";
import {
  labelLength,
  subdomainLength,
  labelKeyLength,
  objectName,
  labelValue,
  labelKey,
  globs,
} from "./field-schemas.ts";
import { defaultPullSecretName } from "./names.ts";
import { credentialRules, rules, textRules } from "./rules.ts";

const entrySchemaOf = (providers: ProviderList) => {
  const kinds = providers.flatMap((each) => Object.entries(each.kinds));
  const about = kinds.flatMap(([kind, { about: text }]) => (text === undefined ? [] : [`${kind}: ${text}.`]));
  const blocks = providers.map((each) => [each.block, blockOf(each)] as const);
  return z
    .object({
      name: entryName,
      provider: z.enum(kinds.map(([kind]) => kind)).describe(["Kind of registry.", ...about].join(" ")),
      ...whoAndWhere,
      ...Object.fromEntries(blocks),
      ...trustAndVerify,
    })
    .meta(rules(...entryRules(providers)));
};

function blockOf({ settings, kinds, remark = "" }: AnyProvider): z.ZodOptional {
  return settings.optional().describe(`Settings of ${Object.keys(kinds).join(" and ")}${remark}.`);
}

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

export const specSchemaOf = (providers: ProviderList) =>
  z
    .object({
      registries: z
        .array(entrySchemaOf(providers))
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

export const specSchema = specSchemaOf(ownProviders);
