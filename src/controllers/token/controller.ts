// The token controller: keeps the token of each grant fresh. Fetches, verifies and stores what is due; then tells who uses it.
import { crdName } from "../../api/names.ts";
import type { Token } from "../../cluster/token.ts";
import { formerLogins, isSameLogin } from "../../cluster/token-wire.ts";
import type { Grant } from "../../providers/grant.ts";
import { grantSources } from "../../providers/grant-key.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";
import { crdOutdated } from "../crd-outdated.ts";
import { partsOf } from "../keys.ts";
import { done, failed, requeueAfter, type Waited } from "../outcome.ts";
import { collect, storeMakers, storeToken, verify } from "./apply.ts";
import { type Attempts, tokenSecretName } from "../../grants/grant-tracker.ts";
import { refreshRequestOf, untilDue } from "./observe.ts";
import { isRepeat, patience, patienceLeft, retryWithin } from "./plan-refresh.ts";
import { acknowledged, type RefreshRequest } from "../../grants/refresh.ts";
import { settle, tellUsers } from "./report.ts";
import { storedTokens, tokenWatches } from "./watches.ts";

// docs/design.md: a token that no grant has named for this long goes.
const keepUnused = Temporal.Duration.from({ minutes: 10 }).total("milliseconds");
/** While somebody may need it who is not known yet, so many milliseconds. */
const notAllJudged = 60_000;
/**
 * So long, in milliseconds, those who begin to use a token are gathered for one write of its Secret: they become known one by one. This
 * process knows them meanwhile; one that starts finds them again, but for an entry that was altered in between.
 */
const gathered = 1_000;
/** A token that comes with hardly any life is looked at this often, in milliseconds. */
const shortestWait = 1_000;

export function tokenController(context: Context): Controller {
  return {
    name: "token",
    watches: tokenWatches(context),
    initial: () => storedTokens(context.cluster.stores),
    reconcile: (key, signal) => reconcileToken(context, partsOf(key)[0], signal),
  };
}

export async function reconcileToken(context: Context, grantKey: string, signal: AbortSignal): Promise<Outcome> {
  const { tokens } = context.grants;
  const { clock } = context.runtime;
  const unusedSince = tokens.unusedSince(grantKey);
  if (unusedSince !== undefined) {
    const kept = context.settings.timing?.unused?.total("milliseconds");
    const left = unusedSince + (kept ?? keepUnused) - clock.elapsed();
    if (left > 0) return requeueAfter(left);
    const unneeded = context.credentials.judged.nobodyElse();
    return unneeded.kind === "absent"
      ? collect(context, grantKey, unneeded, signal)
      : requeueAfter(kept ?? notAllJudged);
  }
  const attempts = tokens.attempts(grantKey);
  if (!tokens.isNeeded(grantKey) || !attempts) {
    // Whoever lives by a token that is gone has to know.
    if (!tokens.token(grantKey)) tellUsers(context, grantKey);
    // An entry that was altered while it was gathered goes on with the login for now, and has to be named for that.
    return tokens.lacksMakers(grantKey) ? storeMakers(context, grantKey, done, signal) : done;
  }
  const outcome = await renew(context, grantKey, attempts, signal);
  const lacking = tokens.lacksMakersFor(grantKey);
  if (lacking === undefined) return outcome;
  const wait = gathered - lacking;
  // Whoever has failed comes back as late as it can.
  if (wait <= 0 || outcome.failed) return storeMakers(context, grantKey, outcome, signal);
  const due = outcome.requeueAfter?.total("milliseconds") ?? wait;
  return { ...outcome, ...requeueAfter(Math.min(due, wait)) };
}

/** Fetches, verifies and stores the token where it is due. */
async function renew(context: Context, grantKey: string, attempts: Attempts, signal: AbortSignal): Promise<Outcome> {
  const { tokens, provider } = context.grants;
  const { clock, log } = context.runtime;
  const { grant } = attempts;
  const refreshRequest = refreshRequestOf(context, attempts);
  const token = tokens.token(grantKey);
  const left = untilDue(context, token, refreshRequest);
  if (left === undefined || left > 0) {
    settle(context, grantKey, undefined);
    return left === undefined ? done : requeueAfter(left);
  }

  const fail = (failure: Failure): Outcome => fails(context, { grantKey, grant, refreshRequest }, token, failure);
  const outdated = token ? undefined : crdOutdated(context.cluster.stores.crds.get(crdName));
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
      return requeueWhenDue(context, grantKey, refreshRequest);
    }
    const verified = await verify(context, { grantKey, grant }, { before: token, minted }, signal);
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
    const refused = context.cluster.callFailure(error, `store the token Secret ${tokenSecretName(grantKey)}`);
    return fail(refused.failure);
  }
  tokens.ended(grantKey, undefined);
  tellUsers(context, grantKey);
  return requeueWhenDue(context, grantKey, refreshRequest);
}

function requeueWhenDue(context: Context, grantKey: string, refreshRequest: RefreshRequest): Outcome {
  const wait = untilDue(context, context.grants.tokens.token(grantKey), refreshRequest);
  return wait === undefined ? done : requeueAfter(Math.max(wait, shortestWait));
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
  const { clock, log } = context.runtime;
  const now = clock.now();
  log.warn("token not fetched", {
    grant: grantKey,
    reason: failure.reason,
    detail: textWithSteps(failure),
    expiresAt: token?.expiresAt?.toString(),
  });
  const retryAfter = patience(failure.retryAfter, token, now);
  // Whom nobody has asked need not be left alone.
  const alone = failure.byOwnPolicy ? 0 : retryAfter.total("milliseconds");
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
