// Tells everyone who needs a token how the attempt at it ended.
import type { Failure } from "../../runtime/errors.ts";
import type { Request } from "../../runtime/queue/controllers.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";
import { credentialKey, keyOf } from "../keys.ts";
import { statusSoon } from "../pull-secret/report.ts";
import type { Refused } from "../../grants/refresh.ts";

/** Notes how the attempt ended and, where that is news, tells everyone who needs the token. */
export function settle(context: Context, grantKey: string, failure: Failure | undefined, refused?: Refused): void {
  const before = context.grants.tokens.attempts(grantKey);
  context.grants.tokens.ended(grantKey, failure, refused);
  if ((before?.failure && textWithSteps(before.failure)) === (failure && textWithSteps(failure))) return;
  tellUsers(context, grantKey);
}

export function tellUsers(context: Context, grantKey: string): void {
  const { enqueue } = context.queue;
  void context.runtime.inSlices(usersOf(context, grantKey), ({ key, options }) => enqueue(key, options));
}

/**
 * Every pull Secret that is made from this token, and the status of the credentials behind them: a refresh that fails is news
 * even where tenants still have what they need.
 */
export function* usersOf(
  { grants: { tokens }, credentials: { statusCache } }: Context,
  grantKey: string,
): Generator<Request> {
  const credentials = new Set<string>();
  for (const user of tokens.users(grantKey)) {
    yield { key: user, options: { lane: "bulk", flow: grantKey } };
    const key = keyOf(user);
    if (key.controller !== "secret") continue;
    for (const name of statusCache.secret(key.namespace, key.name)?.credentials.keys() ?? []) credentials.add(name);
  }
  for (const name of credentials) yield { key: credentialKey(name), options: statusSoon };
}
