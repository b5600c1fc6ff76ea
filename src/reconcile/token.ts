// Is the token of this grant still good, and if not, where is a new one?
import { managedBy, managedByLabel, tokenSecretType } from "../api/names.ts";
import { type Failure, failureOf } from "../errors.ts";
import { credentialKey, keyOf } from "../plan/keys.ts";
import { refreshAt } from "../plan/refresh.ts";
import { isAlive } from "../plan/token.ts";
import type { Minted } from "../providers/provider.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { comeBackIn, done, failed } from "./outcome.ts";
import { statusSoon } from "./report-secret.ts";
import { tokenSecretName } from "./token-book.ts";
import { tokenToData } from "./token-wire.ts";

// design.md section 4: a token that no grant has named for this long goes.
const keepUnused = Temporal.Duration.from({ minutes: 10 }).total("milliseconds");
/** Close to its end a token is looked at this often, in milliseconds. */
const shortestWait = 60_000;

export async function reconcileToken(context: Context, grantKey: string, signal: AbortSignal): Promise<Outcome> {
  const { tokens, clock, provider, log } = context;
  const unusedSince = tokens.unusedSince(grantKey);
  if (unusedSince !== undefined) {
    const left = unusedSince + keepUnused - clock.elapsed();
    return left > 0 ? comeBackIn(left) : collect(context, grantKey, signal);
  }
  const grant = tokens.attempts(grantKey)?.grant;
  if (!grant) return done;

  const fingerprint = provider.fingerprint(grant);
  const token = tokens.token(grantKey);
  if (token && token.fingerprint === fingerprint && isAlive(token, clock.now())) {
    const wait = untilRefresh(context, grantKey);
    if (wait === undefined || wait > 0) {
      settle(context, grantKey, undefined);
      return wait === undefined ? done : comeBackIn(wait);
    }
  }

  let minted: Minted;
  try {
    minted = await provider.fetch(grant, signal);
  } catch (error) {
    const failure = failureOf(error);
    log.warn("token not fetched", { grant: grantKey, reason: failure.reason, detail: failure.message });
    settle(context, grantKey, failure);
    return failed(failure);
  }
  try {
    await store(context, grantKey, minted, signal);
  } catch (error) {
    const { failure } = context.refusal(error, `store the token Secret ${tokenSecretName(grantKey)}`);
    settle(context, grantKey, failure);
    return failed(failure);
  }
  log.info("token stored", { grant: grantKey, provider: grant.provider, expiresAt: minted.expiresAt?.toString() });
  tokens.ended(grantKey, undefined);
  tellUsers(context, grantKey);
  const wait = untilRefresh(context, grantKey);
  return wait === undefined ? done : comeBackIn(Math.max(wait, shortestWait));
}

/** Milliseconds; undefined for a token that names no end. */
function untilRefresh({ tokens, clock }: Context, grantKey: string): number | undefined {
  const token = tokens.token(grantKey);
  return token && refreshAt(token)?.since(clock.now()).total("milliseconds");
}

/** Notes how the attempt ended and, where that is news, tells everyone who needs the token. */
function settle(context: Context, grantKey: string, failure: Failure | undefined): void {
  const before = context.tokens.attempts(grantKey);
  context.tokens.ended(grantKey, failure);
  if (before?.failure?.message === failure?.message) return;
  tellUsers(context, grantKey);
}

/**
 * Queues every pull Secret that is made from this token, and the status of the credentials behind them: a refresh that
 * fails is news even where tenants still have what they need.
 */
function tellUsers({ tokens, board, enqueue }: Context, grantKey: string): void {
  const credentials = new Set<string>();
  for (const user of tokens.users(grantKey)) {
    enqueue(user, { lane: "bulk", flow: grantKey });
    const key = keyOf(user);
    if (key.loop !== "secret") continue;
    for (const name of board.secret(key.namespace, key.name)?.credentials.keys() ?? []) credentials.add(name);
  }
  for (const name of credentials) enqueue(credentialKey(name), statusSoon);
}

async function store(context: Context, grantKey: string, minted: Minted, signal: AbortSignal): Promise<void> {
  const { api, settings, stores, strips } = context;
  const { namespace } = settings;
  const name = tokenSecretName(grantKey);
  const before = stores.operatorSecrets.get(`${namespace}/${name}`);
  const body = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      labels: { [managedByLabel]: managedBy },
      ...(before && { resourceVersion: before.resourceVersion }),
    },
    type: tokenSecretType,
    data: tokenToData(grantKey, minted),
  };
  const written = before
    ? await api.replaceSecret(namespace, name, body, signal)
    : await api.createSecret(namespace, body, signal);
  const record = strips.operatorSecret(written);
  if (record) stores.operatorSecrets.wrote(record);
}

async function collect(context: Context, grantKey: string, signal: AbortSignal): Promise<Outcome> {
  const { api, settings, stores, tokens, log } = context;
  const name = tokenSecretName(grantKey);
  const record = stores.operatorSecrets.get(`${settings.namespace}/${name}`);
  if (record?.kind === "token") {
    const { uid, resourceVersion } = record;
    try {
      await api.deleteSecret(settings.namespace, name, { uid, resourceVersion }, signal);
    } catch (error) {
      return failed(context.refusal(error, `delete the token Secret ${name}`).failure);
    }
    stores.operatorSecrets.removed(record.key, resourceVersion);
    log.info("unused token deleted", { grant: grantKey });
  }
  tokens.forget(grantKey);
  return done;
}
