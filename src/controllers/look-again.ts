// What must be looked at again when the wall clock has jumped, or rights have come or gone?
import { credentialKey, referencesKey, secretKey, tokenKey } from "./keys.ts";
import type { Context } from "./context.ts";
import { inSlices } from "../runtime/in-slices.ts";
import { changedIn } from "./waits.ts";

/** Everything that waits, by elapsed time, for a moment of wall time: renewal, expiry, the end of a former name. */
export function lookAtTimesAgain(context: Pick<Context, "clock" | "tokens" | "stores" | "enqueue">): void {
  const { clock, stores, enqueue } = context;
  void inSlices(clock, keysWithTimes(context), ({ key, flow }) => enqueue(key, { lane: "bulk", flow }));
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
}

function* keysWithTimes({
  tokens,
}: Pick<Context, "tokens">): Generator<{ readonly key: string; readonly flow: string }> {
  for (const [flow] of tokens.wanted()) {
    yield { key: tokenKey(flow), flow };
    const token = tokens.token(flow);
    // Without a token, what a Secret keeps ends by the Secret's own record.
    if (token && !token.expiresAt) continue;
    for (const user of tokens.users(flow)) yield { key: user, flow };
  }
  for (const flow of tokens.kept()) {
    for (const user of tokens.users(flow)) yield { key: user, flow };
  }
}

/** What every namespace's references and every status say about rights; pull Secrets are asked for by their names. */
export function lookAtPermissionsAgain(context: Pick<Context, "clock" | "stores" | "enqueue" | "waits">): void {
  const { clock, stores, enqueue } = context;
  changedIn(context)({ permissions: "changes" });
  void inSlices(clock, stores.namespaces.values(), ({ key }) => enqueue(referencesKey(key), { lane: "bulk" }));
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
}

/** The Secrets of this name can be judged, or judged anew: all of them, or those of one namespace. */
export function lookAtNameAgain(
  context: Pick<Context, "clock" | "stores" | "enqueue" | "waits">,
  name: string,
  namespace?: string,
): void {
  const { clock, stores, enqueue } = context;
  const ask = (key: string): void => enqueue(secretKey(key, name), { lane: "bulk" });
  if (namespace === undefined) void inSlices(clock, stores.namespaces.values(), ({ key }) => ask(key));
  else ask(namespace);
  changedIn(context)({ secretsCalled: name });
}
