// The key of a grant, under which equal grants meet, and the Secrets that its token is made from.
import type { Grant } from "./index.ts";

// Raised when the same grant would be written differently: tokens stored under the old text are then minted anew, once.
const version = 1;

/** Canonical JSON: members in the order of their names, those that are undefined left out. The caller hashes it. */
export function grantKeyText(grant: Grant): string {
  const { provider, ...rest } = "perTenant" in grant ? { ...grant, perTenant: undefined } : grant;
  return canonical({ v: version, provider, ...rest });
}

/** Asked for each Secret of a rotation, so it makes nothing but the text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of Object.keys(members).toSorted()) {
    const member = members[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(member)}`;
  }
  return `{${text}}`;
}

/** Keys `namespace/name` of Secrets that the operator watches; none for a token that an identity of the platform gets. */
export function grantSources(grant: Grant, operatorNamespace: string): readonly string[] {
  if (!("identity" in grant)) return [`${grant.namespace}/${grant.name}`];
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
