// Which logins may stand in a pull Secret of credentials that leave it?
import { grantsOf, isFailure } from "../plan/grant.ts";
import type { NamespaceRecord } from "../plan/snapshot.ts";
import type { Logins } from "../plan/token.ts";
import type { Login } from "../registry/login.ts";
import type { Context } from "./context.ts";
import type { Participant } from "./entitlements.ts";

/** Those of the tokens that their entries have here, and of the ones before these. */
export function formerLogins(
  { tokens, grantKey, scopeOf }: Pick<Context, "tokens" | "grantKey" | "scopeOf">,
  namespace: NamespaceRecord,
  leaving: readonly Pick<Participant, "credential">[],
): readonly Login[] {
  if (leaving.length === 0) return [];
  const scope = scopeOf(namespace);
  const grants = leaving.flatMap(({ credential }) =>
    credential.spec.registries.flatMap((entry) => grantsOf(entry, scope).map(({ grant }) => grant)),
  );
  return grants.flatMap((grant) => {
    const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
    return token ? [...loginsOf(token.logins), ...loginsOf(token.former)] : [];
  });
}

function loginsOf(logins: Logins | undefined): readonly Login[] {
  if (!logins) return [];
  return "all" in logins ? [logins.all] : [...logins.byHost.values()];
}
