// The settings of ECR and ECRPublic.
import { z } from "zod";
import { template } from "../../api/field-schemas.ts";
import { matches, type Rule, rules, textRules } from "../../api/rules.ts";

const roleARN: Rule = {
  rule: matches("arn:aws[-a-z]*:iam::[^:]+:role/.+"),
  message: "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/pull",
};

export const ecrSettings = z.object({
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html: path <= 512, name <= 64; room for placeholders.
  roleARN: template(1024)
    .meta(rules(textRules.placeholders, roleARN))
    .optional()
    .describe("Role to assume before asking for the token. May hold placeholders."),
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  externalID: template(1224)
    .optional()
    .describe("External id that the role's trust policy demands. May hold placeholders."),
});

/** On an entry. */
export const ecrRules: readonly Rule[] = [
  {
    rule: "!self.hosts.exists(host, host.startsWith('*.')) || (self.provider == 'ECR' && !has(self.registry))",
    message:
      "write the hosts one by one: only provider ECR has a token for all accounts of a region, at AWS's own names without registry",
  },
];
