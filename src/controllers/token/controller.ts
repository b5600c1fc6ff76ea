// Is the token of this grant still good, and if not, where is a new one? Fetch, verify, store.
import { crdName } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { crdOutdated } from "../crd-outdated.ts";
import type { Grant } from "../../providers/grant.ts";
import { credentialKey, keyOf, partsOf } from "../keys.ts";
import { causeOf } from "../../providers/grant.ts";
import { grantSources, sourceVersions } from "../../providers/grant-key.ts";
import type { KnownAbsent } from "../../runtime/watch/presence.ts";
import { publication } from "./plan-publish.ts";
import {
  type RefreshRequest,
  dueAt,
  acknowledged,
  isRepeat,
  patience,
  patienceLeft,
  type Refused,
  retryWithin,
} from "./plan-refresh.ts";
import type { Token } from "../../cluster/token.ts";
import type { Minted } from "../../cluster/token.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { requeueAfter, done, failed } from "../outcome.ts";
import { statusSoon } from "../pull-secret/report.ts";
import { type Attempts, tokenSecretName } from "./grant-tracker.ts";
import { storeToken } from "./store-token.ts";
import { storedTokens, tokenWatches } from "./watches.ts";
import { formerLogins, isSameLogin } from "../../cluster/token-wire.ts";
import type { Waited } from "../outcome.ts";
import { textWithSteps } from "../../runtime/steps.ts";

// docs/design.md: a token that no grant has named for this long goes.
const keepUnused = Temporal.Duration.from({ minutes: 10 }).total("milliseconds");
/** While somebody may need it who is not known yet, so many milliseconds. */
const notAllJudged = 60_000;
/** A token that comes with hardly any life is looked at this often, in milliseconds. */
const shortestWait = 1_000;

export function tokenController(context: Context): Controller {
  return {
    name: "token",
    watches: tokenWatches(context),
    initial: () => storedTokens(context.stores),
    reconcile: (key, signal) => reconcileToken(context, partsOf(key)[0], signal),
  };
}

export async function reconcileToken(context: Context, grantKey: string, signal: AbortSignal): Promise<Outcome> {
  const { tokens, clock } = context;
  const unusedSince = tokens.unusedSince(grantKey);
  if (unusedSince !== undefined) {
    const kept = context.timing?.unused?.total("milliseconds");
    const left = unusedSince + (kept ?? keepUnused) - clock.elapsed();
    if (left > 0) return requeueAfter(left);
    const unneeded = context.judged.nobodyElse();
    return unneeded.kind === "absent"
      ? collect(context, grantKey, unneeded, signal)
      : requeueAfter(kept ?? notAllJudged);
  }
  const attempts = tokens.attempts(grantKey);
  if (!tokens.isNeeded(grantKey) || !attempts) {
    // Whoever lives by a token that is gone has to know.
    if (!tokens.token(grantKey)) tellUsers(context, grantKey);
    return done;
  }
  const outcome = await renew(context, grantKey, attempts, signal);
  return tokens.lacksMakers(grantKey) ? storeMakers(context, grantKey, outcome, signal) : outcome;
}

/** Whether a run would ask the provider now. */
export function asksProvider(context: Context, grantKey: string): boolean {
  const { tokens, clock, stores } = context;
  const attempts = tokens.attempts(grantKey);
  if (!attempts || !tokens.isNeeded(grantKey)) return false;
  const refreshRequest = refreshRequestOf(context, attempts);
  const token = tokens.token(grantKey);
  const left = untilDue(context, token, refreshRequest);
  if (left === undefined || left > 0) return false;
  if (!token && crdOutdated(stores.crds.get(crdName))) return false;
  return patienceLeft(attempts.refused, refreshRequest, clock.elapsed()) <= 0;
}

/** Fetches, verifies and stores the token where it is due. */
async function renew(context: Context, grantKey: string, attempts: Attempts, signal: AbortSignal): Promise<Outcome> {
  const { tokens, clock, provider, log } = context;
  const { grant } = attempts;
  const refreshRequest = refreshRequestOf(context, attempts);
  const token = tokens.token(grantKey);
  const left = untilDue(context, token, refreshRequest);
  if (left === undefined || left > 0) {
    settle(context, grantKey, undefined);
    return left === undefined ? done : requeueAfter(left);
  }

  const fail = (failure: Failure): Outcome => fails(context, { grantKey, grant, refreshRequest }, token, failure);
  const outdated = token ? undefined : crdOutdated(context.stores.crds.get(crdName));
  if (outdated) return fail(outdated);
  // An event that is about something else brings the key here before its time.
  const alone = patienceLeft(attempts.refused, refreshRequest, clock.elapsed());
  if (alone > 0)
    return { failed: true, retry: "backoff", retryAfter: Temporal.Duration.from({ milliseconds: Math.ceil(alone) }) };

  try {
    const minted = await provider.fetch(grant, signal);
    if (minted.doubt !== undefined) log.warn("end of a token not believed", { grant: grantKey, detail: minted.doubt });
    const { fingerprint } = refreshRequest;
    const refreshes = acknowledged(token, refreshRequest);
    if (isRepeat(token, minted, refreshRequest, clock.now()) && isSameLogin(token, minted)) {
      tokens.repeats.again(grantKey);
      log.debug("token handed out again", { grant: grantKey, provider: grant.provider });
      settle(context, grantKey, undefined);
      return requeueAfterFailure(context, grantKey, refreshRequest);
    }
    const verified = await verify(context, { grantKey, grant }, token, minted, signal);
    if (typeof verified !== "string") return fail(verified);
    const formers = formerLogins(token, minted, clock.now());
    await storeToken(context, minted, { grantKey, fingerprint, refreshes, state: verified, formers }, signal);
    tokens.repeats.anew(grantKey);
    log.info("token stored", {
      grant: grantKey,
      provider: grant.provider,
      state: verified,
      expiresAt: minted.expiresAt?.toString(),
    });
  } catch (error) {
    const refused = context.refusal(error, `store the token Secret ${tokenSecretName(grantKey)}`);
    return fail(refused.failure);
  }
  tokens.ended(grantKey, undefined);
  tellUsers(context, grantKey);
  return requeueAfterFailure(context, grantKey, refreshRequest);
}

function requeueAfterFailure(context: Context, grantKey: string, refreshRequest: RefreshRequest): Outcome {
  const wait = untilDue(context, context.tokens.token(grantKey), refreshRequest);
  return wait === undefined ? done : requeueAfter(Math.max(wait, shortestWait));
}

/** The state in which the token may be published, or why it is held back. */
async function verify(
  context: Context,
  { grantKey, grant }: { readonly grantKey: string; readonly grant: Grant },
  before: Token | undefined,
  minted: Minted,
  signal: AbortSignal,
): Promise<Token["state"] | Failure> {
  const { verify: tryIt, clock, log, tokens } = context;
  const target = tokens.target(grantKey);
  if (!target) return "Issued";
  const { image, host } = target;
  const { verification, detail = "" } = await tryIt(grant, target, minted, signal);
  const told = { grant: grantKey, image, host, verification, detail };
  // Nobody asked for a login to be tried: that nothing was learned of it is no news.
  const isNews = verification === "Denied" || (image !== undefined && verification !== "Verified");
  if (isNews) log.warn("token not verified", told);
  else log.debug("token tried", told);
  // With an image, its owner has said what a token must do. A mere login is judged by what the old one may, and so is an image
  // that a tenant may have chosen: one that nobody may pull would keep a new password from all who share it.
  const isJudged = image === undefined || target.ofNamespace === true;
  const isComparable = isJudged && verification === "Denied" && before !== undefined;
  const old = isComparable ? await tryIt(grant, target, before, signal) : undefined;
  switch (publication(verification, before, clock.now(), !old || isTaken(old))) {
    case "hold":
      return {
        reason: "VerificationDenied",
        cause: causeOf(grant),
        // Each attempt mints a token, and what was denied is somebody's to mend.
        retry: "slowly",
        message: `the new token cannot ${image === undefined ? `log in to ${host}, which the old one can` : `pull ${image}`}, so tenants keep the old one: ${detail}`,
      };
    case "publish-unverified":
      return "PublishedUnverified";
    case "publish":
      return verification === "Verified" || verification === "Authenticated" ? verification : "Issued";
  }
}

function isTaken({ verification }: Awaited<ReturnType<Context["verify"]>>): boolean {
  return verification === "Authenticated" || verification === "Verified";
}

/** While a token lives there is another attempt in time, whatever failed, and whatever the other side asks for. */
function fails(
  context: Context,
  {
    grantKey,
    grant,
    refreshRequest,
  }: { readonly grantKey: string; readonly grant: Grant; readonly refreshRequest: RefreshRequest },
  token: Token | undefined,
  failure: Failure,
): Outcome {
  const { clock, log } = context;
  const now = clock.now();
  log.warn("token not fetched", {
    grant: grantKey,
    reason: failure.reason,
    detail: textWithSteps(failure),
    expiresAt: token?.expiresAt?.toString(),
  });
  const retryAfter = patience(failure.retryAfter, token, now);
  // Whom nobody has asked need not be left alone.
  const alone = failure.restrained ? 0 : retryAfter.total("milliseconds");
  settle(context, grantKey, failure, { refreshRequest, until: clock.elapsed() + alone });
  const within = retryWithin(token, now);
  return {
    ...failed(failure, ...curesOf(context, grant)),
    ...(retryAfter.sign > 0 && { retryAfter }),
    ...(within && { retryWithin: within }),
  };
}

/** Who asks for it otherwise, or anew, brings the key by that. */
function curesOf({ settings: { namespace } }: Context, grant: Grant): readonly [Waited, ...Waited[]] {
  const sources = grantSources(grant, namespace).map((object): Waited => ({ of: "operatorSecrets", object }));
  return [{ of: "crds", object: crdName }, { of: "namespaces", object: namespace }, ...sources];
}

function refreshRequestOf({ stores, settings }: Context, { grant, refreshes = {} }: Attempts): RefreshRequest {
  return {
    fingerprint: sourceVersions(grant, settings.namespace, (key) => stores.operatorSecrets.get(key)),
    refreshes,
  };
}

/** Milliseconds; undefined for a token that names no end. */
function untilDue(
  { clock, tokens }: Context,
  token: Token | undefined,
  refreshRequest: RefreshRequest,
): number | undefined {
  const now = clock.now();
  return dueAt(token, refreshRequest, now, token && tokens.repeats.of(token.grantKey))
    ?.since(now)
    .total("milliseconds");
}

/** Notes how the attempt ended and, where that is news, tells everyone who needs the token. */
function settle(context: Context, grantKey: string, failure: Failure | undefined, refused?: Refused): void {
  const before = context.tokens.attempts(grantKey);
  context.tokens.ended(grantKey, failure, refused);
  if ((before?.failure && textWithSteps(before.failure)) === (failure && textWithSteps(failure))) return;
  tellUsers(context, grantKey);
}

/**
 * Queues every pull Secret that is made from this token, and the status of the credentials behind them: a refresh that
 * fails is news even where tenants still have what they need.
 */
function tellUsers({ tokens, statusCache, enqueue }: Context, grantKey: string): void {
  const credentials = new Set<string>();
  for (const user of tokens.users(grantKey)) {
    enqueue(user, { lane: "bulk", flow: grantKey });
    const key = keyOf(user);
    if (key.loop !== "secret") continue;
    for (const name of statusCache.secret(key.namespace, key.name)?.credentials.keys() ?? []) credentials.add(name);
  }
  for (const name of credentials) enqueue(credentialKey(name), statusSoon);
}

/**
 * Stores the same token with all who use it. That it cannot be done is no failure of the token's, and nobody else need know.
 * @param otherwise what the run has come to without that
 */
async function storeMakers(
  context: Context,
  grantKey: string,
  otherwise: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const token = context.tokens.token(grantKey);
  if (!token) return otherwise;
  try {
    await storeToken(context, token, token, signal);
    context.log.debug("users of a token stored", { grant: grantKey });
    return otherwise;
  } catch (error) {
    const { failure } = context.refusal(error, `store the token Secret ${tokenSecretName(grantKey)}`);
    const { reason } = failure;
    context.log.warn("users of a token not stored", { grant: grantKey, reason, detail: textWithSteps(failure) });
    if (otherwise.failed && otherwise.retry !== "on-change") return otherwise;
    const { retry, retryAfter } = failure;
    const { waitsFor: until } = otherwise;
    const within = otherwise.failed ? otherwise.retryWithin : otherwise.requeueAfter;
    return {
      ...(until && { waitsFor: until }),
      failed: true,
      retry: retry === "on-change" ? "slowly" : retry,
      ...(retryAfter && { retryAfter }),
      ...(within && { retryWithin: within }),
    };
  }
}

async function collect(
  context: Context,
  grantKey: string,
  unneeded: KnownAbsent,
  signal: AbortSignal,
): Promise<Outcome> {
  const { api, settings, stores, tokens, log } = context;
  const name = tokenSecretName(grantKey);
  const record = stores.operatorSecrets.get(`${settings.namespace}/${name}`);
  if (record?.kind === "token") {
    const { uid, resourceVersion } = record;
    try {
      await api.deleteSecret(settings.namespace, name, { uid, resourceVersion }, signal);
    } catch (error) {
      const { failure } = context.refusal(error, `delete the token Secret ${name}`);
      return failed(failure, { of: "operatorSecrets", object: record.key });
    }
    stores.operatorSecrets.removed(record.key, resourceVersion);
    log.info("unused token deleted", { grant: grantKey });
  }
  tokens.forget(grantKey, unneeded);
  return done;
}
