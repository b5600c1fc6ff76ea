// The authority of a grant: whom one asks for its token, how hard, and which grants are refused together.
import type { AuthorityOf, Budget, ProviderList } from "./definition.ts";
import { grantKeyText, type SecretVersion, sourceVersions } from "./grant-key.ts";
import { type AuthorityKind, type Grant, providers as ownProviders } from "./index.ts";
import { kindOf } from "./kinds.ts";

export type Authority = AuthorityOf<AuthorityKind>;

/** Undefined where nobody is asked. */
export function authorityOf(grant: Grant, providers: ProviderList = ownProviders): Authority | undefined {
  // Each kind names authorities of its own provider.
  return kindOf(providers, grant.provider).authority?.(grant as never) as Authority | undefined;
}

/** By kind of authority. Throws TypeError where two providers claim one. */
export function budgetsOf(providers: ProviderList): Readonly<Record<AuthorityKind, Budget>> {
  const all = providers.flatMap(({ budgets }) => Object.entries(budgets));
  const byKind = Object.fromEntries(all) as Record<AuthorityKind, Budget>;
  if (Object.keys(byKind).length < all.length) throw new TypeError("two providers have an authority of one name");
  return byKind;
}

export const budgets = budgetsOf(ownProviders);

/**
 * Under which key the grants meet that are refused together, because the same one asks the same one. Who asks (kind, identity,
 * role) and who answers (region, registry): a role that an organization keeps out of one region works in the others. What
 * is asked for is left out, unless tenants may choose it: a label may choose repositories, and one that names a wrong one must
 * be refused alone. The versions of the Secrets belong to who asks: a key that was fixed is another identity, of which
 * nothing is known yet. Undefined where nobody is asked.
 */
export function circuitKey(
  grant: Grant,
  operatorNamespace: string,
  secret: (key: string) => SecretVersion | undefined,
  providers: ProviderList = ownProviders,
): string | undefined {
  const { authority, asker } = kindOf(providers, grant.provider);
  if (!authority) return undefined;
  const asks = asker ? (asker(grant as never) as Grant) : grant;
  return `${grantKeyText(asks)} ${sourceVersions(grant, operatorNamespace, secret)}`;
}
