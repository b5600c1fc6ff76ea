// Which settings does each registry kind have, and who asks it for tokens?
import { z } from "zod";
import { subdomainLength, objectName, namespaceName, secretKey, template, literal } from "./field-schemas.ts";
import { identityRules, rules, textRules } from "./rules.ts";

export const identity = z
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

export const ecr = z.object({
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

export const acr = z.object({
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

export const google = z.object({
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

export const ocir = z.object({});

export const icr = z.object({
  trustedProfileID: template(253).optional().describe("IBM Cloud trusted profile to use. May hold placeholders."),
});

export const staticSource = z.object({
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
