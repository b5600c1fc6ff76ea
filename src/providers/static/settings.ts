// The settings of Static: where the Secret is that an administrator keeps.
import { z } from "zod";
import { namespaceName, secretKey, subdomainLength } from "../../api/field-schemas.ts";
import { placeholderSyntax } from "../../api/placeholder-syntax.ts";
import { matches, type Rule, rules } from "../../api/rules.ts";

const sourceName: Rule = {
  rule: matches(`[a-z0-9](([-a-z0-9.]|${placeholderSyntax})*([a-z0-9]|${placeholderSyntax}))?`),
  message:
    "write a Secret name; $(namespace.name) or $(namespace.labels['KEY']) may follow a literal prefix, as in pull-$(namespace.name)",
};

export const staticSettings = z.object({
  secretName: z
    .string()
    .min(1)
    .max(subdomainLength)
    .meta(rules(sourceName))
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

/** On an entry. */
export const staticRules: readonly Rule[] = [
  {
    rule: "!self.hosts.exists(host, host == '*') || (self.hosts.size() == 1 && self.provider == 'Static')",
    message: 'write the hosts one by one: "*" stands alone, and only with provider Static',
  },
];
