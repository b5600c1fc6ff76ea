// Which grants are refused together, because the same one asks the same one?
import type { Grant } from "./grant.ts";
import { grantKeyText } from "./grant-key.ts";
import { type SecretVersion, sourceVersions } from "./grant-sources.ts";

/**
 * Who asks (kind, identity, role) and who answers (region, registry): a role that an organization keeps out of one
 * region works in the others. What is asked for is left out, unless tenants may choose it. The versions of the Secrets belong to who asks: a key
 * that was mended is another identity, of which nothing is known yet. Undefined for Static, which asks nobody.
 */
export function circuitKey(
  grant: Grant,
  operatorNamespace: string,
  secret: (key: string) => SecretVersion | undefined,
): string | undefined {
  const asker = askerOf(grant);
  return asker && `${grantKeyText(asker)} ${sourceVersions(grant, operatorNamespace, secret)}`;
}

function askerOf(grant: Grant): Grant | undefined {
  switch (grant.provider) {
    case "Static":
      return undefined;
    case "GAR":
    case "GCR":
      return { ...grant, provider: "GAR", scopes: [] };
    // A tenant's label may choose the repositories: one that names a wrong one must be refused alone.
    case "ACR":
    case "ECR":
    case "ECRPublic":
    case "ICR":
    case "OCIR":
    case "TokenExchange":
      return grant;
  }
}
