// What must be looked at again when the wall clock has jumped, or rights have come or gone?
import { credentialKey, referencesKey, secretKey, tokenKey } from "../plan/keys.ts";
import type { Context } from "./context.ts";
import { changedIn } from "./waited.ts";

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
export function lookAtReachAgain(context: Pick<Context, "stores" | "enqueue" | "waits">): void {
  const { stores, enqueue } = context;
  changedIn(context)({ reach: "changes" });
  for (const { key } of stores.namespaces.values()) enqueue(referencesKey(key), { lane: "bulk" });
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
}

/** The Secrets of this name can be judged, or judged anew: all of them, or those of one namespace. */
export function lookAtNameAgain(
  context: Pick<Context, "stores" | "enqueue" | "waits">,
  name: string,
  namespace?: string,
): void {
  const { stores, enqueue } = context;
  const concerned = namespace === undefined ? [...stores.namespaces.values()].map(({ key }) => key) : [namespace];
  for (const key of concerned) enqueue(secretKey(key, name), { lane: "bulk" });
  changedIn(context)({ secretsCalled: name });
}
