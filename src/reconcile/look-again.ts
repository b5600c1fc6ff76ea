// What must be looked at again when the wall clock has jumped, or rights have come or gone?
import { credentialKey, referencesKey, tokenKey } from "../plan/keys.ts";
import type { Context } from "./context.ts";

/** Everything that waits, by elapsed time, for a moment of wall time: renewal, expiry, the end of a former name. */
export function lookAtTimesAgain({ tokens, stores, enqueue }: Pick<Context, "tokens" | "stores" | "enqueue">): void {
  for (const [grantKey] of tokens.wanted()) {
    enqueue(tokenKey(grantKey), { lane: "bulk", flow: grantKey });
    const token = tokens.token(grantKey);
    // Without a token, what a Secret keeps ends by the Secret's own record.
    if (token && !token.expiresAt) continue;
    for (const user of tokens.users(grantKey)) enqueue(user, { lane: "bulk", flow: grantKey });
  }
  for (const grantKey of tokens.kept()) {
    for (const user of tokens.users(grantKey)) enqueue(user, { lane: "bulk", flow: grantKey });
  }
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
}

/** What every namespace's references and every status say about rights; pull Secrets are asked for by their names. */
export function lookAtReachAgain({ stores, enqueue }: Pick<Context, "stores" | "enqueue">): void {
  for (const { key } of stores.namespaces.values()) enqueue(referencesKey(key), { lane: "bulk" });
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
}
