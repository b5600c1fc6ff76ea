// Which Secrets, that the operator watches, is the token of a grant made from?
import type { Grant } from "./grant.ts";

/** Keys `namespace/name`; none for a token that an identity of the platform gets. */
export function grantSources(grant: Grant, operatorNamespace: string): readonly string[] {
  if (grant.provider === "Static") return [`${grant.namespace}/${grant.name}`];
  const { identity, caSecretName } = grant;
  return [
    ...(identity.from === "Secret" ? [`${identity.namespace}/${identity.name}`] : []),
    ...(caSecretName === undefined ? [] : [`${operatorNamespace}/${caSecretName}`]),
  ];
}

/** What tells one version of a Secret from another. */
export interface SecretVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Versions of the Secrets that the token is made from. A Secret that is not there counts too: its return is a change. */
export function sourceVersions(
  grant: Grant,
  operatorNamespace: string,
  secret: (key: string) => SecretVersion | undefined,
): string {
  return grantSources(grant, operatorNamespace)
    .map((key) => {
      const found = secret(key);
      return found ? `${found.uid}/${found.resourceVersion}` : "absent";
    })
    .join(" ");
}
