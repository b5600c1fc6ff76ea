// Watches of the token controller: of which grants an event may make the token due.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import type { OperatorSecretRecord } from "../../cluster/records.ts";
import type { Token } from "../../cluster/token.ts";
import { isAnotherSchema } from "../changes.ts";
import type { Context } from "../context.ts";
import { tokenKey, writer } from "../keys.ts";
import { usersOf } from "./report.ts";

export function tokenWatches(context: Context): readonly Watch<Request>[] {
  const {
    cluster: { stores },
    grants: { tokens },
    queue: { signals },
  } = context;
  return [
    watch(stores.operatorSecrets, function* ({ key, before, after, by }): Generator<Request> {
      // Those who use it are told by the run.
      if (by === writer.token) return;
      const record = after ?? before;
      // One that nobody wants, such as a late write of another replica's, is collected in time; and somebody may live by one that
      // is gone.
      if (record?.kind === "token" && record.token)
        yield { key: tokenKey(record.token.grantKey), options: { lane: "bulk" } };
      for (const grantKey of tokens.wantedOf(key)) yield { key: tokenKey(grantKey), options: { lane: "interactive" } };
      if (isAnotherToken(before, after)) yield* usersOf(context, after.token.grantKey);
    }),
    watch(stores.crds, function* (change): Generator<Request> {
      if (!isAnotherSchema(change)) return;
      for (const [flow] of tokens.wanted()) yield { key: tokenKey(flow), options: { lane: "bulk", flow } };
    }),
    watch(signals.clockSteps, () => withTimes(tokens)),
  ];
}

type TokenRecord = Extract<OperatorSecretRecord, { kind: "token" }>;

/**
 * One token took another's place that this process has not fetched, as after a restore of etcd: the run finds nothing to do where it
 * fits and lives.
 */
function isAnotherToken(
  before: OperatorSecretRecord | undefined,
  after: OperatorSecretRecord | undefined,
): after is TokenRecord & { readonly token: Token } {
  if (after?.kind !== "token" || !after.token) return false;
  return before?.kind === "token" && before.token !== undefined && before.token.revision !== after.token.revision;
}

export function* storedTokens({
  operatorSecrets,
}: Pick<Context["cluster"]["stores"], "operatorSecrets">): Generator<Request> {
  for (const record of operatorSecrets.values()) {
    if (record.kind === "token" && record.token)
      yield { key: tokenKey(record.token.grantKey), options: { lane: "bulk" } };
  }
}

/** Everything that waits, by elapsed time, for a moment of wall time: each token, and the pull Secrets that are made of it. */
function* withTimes(tokens: Context["grants"]["tokens"]): Generator<Request> {
  const of = (key: string, flow: string): Request => ({ key, options: { lane: "bulk", flow } });
  for (const [flow] of tokens.wanted()) {
    yield of(tokenKey(flow), flow);
    const token = tokens.token(flow);
    // Without a token, what a Secret keeps ends by the Secret's own record.
    if (token && !token.expiresAt) continue;
    for (const user of tokens.users(flow)) yield of(user, flow);
  }
  for (const flow of tokens.kept()) {
    for (const user of tokens.users(flow)) yield of(user, flow);
  }
}
