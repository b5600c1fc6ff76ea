// Tries, stores and collects tokens, each over the version of its Secret that is known.
import { failure } from "../../api/reasons.ts";
import { managedBy, managedByLabel, tokenSecretType } from "../../api/names.ts";
import { type Maker, makerKey } from "../../cluster/makers.ts";
import type { NewToken, Token } from "../../cluster/token.ts";
import { tokenToData } from "../../cluster/token-wire.ts";
import { causeOf, type Grant } from "../../providers/grant.ts";
import { type Failure, OperatorError } from "../../runtime/errors.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { KnownAbsent } from "../../runtime/watch/presence.ts";
import type { SecretObject } from "../../cluster/cluster-api.ts";
import type { OperatorSecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import { tokenKey, writer } from "../keys.ts";
import { done, failed } from "../outcome.ts";
import { tokenSecretName } from "../../grants/grant-tracker.ts";
import { publication } from "./plan-publish.ts";

/**
 * @returns who is named as using it
 * Throws where what comes back is no token: who took that for stored would mint it again at once, and again.
 */
export async function storeToken(
  context: Context,
  minted: NewToken,
  token: Pick<Token, "grantKey" | "fingerprint" | "refreshes" | "state" | "formers">,
  signal: AbortSignal,
): Promise<readonly Maker[]> {
  const { api, stores, transforms } = context.cluster;
  const { tokens } = context.grants;
  const { settings } = context;
  const { namespace } = settings;
  const name = tokenSecretName(token.grantKey);
  const before = stores.operatorSecrets.get(`${namespace}/${name}`);
  const makers = tokens.makers(token.grantKey);
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
    data: tokenToData(minted, { ...token, makers }),
  };
  const stored = await stores.operatorSecrets.send(`${namespace}/${name}`, writer.token, async () => {
    const answer = before ? putOver(context, before, body, signal) : api.createSecret(namespace, body, signal);
    return transforms.operatorSecret(await answer);
  });
  if (stored?.kind !== "token" || stored.token?.grantKey !== token.grantKey)
    throw new OperatorError(altered(namespace));
  tokens.forgetCeased(token.grantKey);
  return makers;
}

function altered(namespace: string): Failure {
  return failure("Rejected", {
    message: `what was stored does not come back as it was sent: something in the cluster alters it; exempt the Secrets of the namespace ${namespace} from mutating webhooks`,
  });
}

/** One that somebody has made immutable is made anew, where that would be let in; one of another type is somebody's own. */
async function putOver(
  { cluster: { api, callFailure } }: Context,
  { namespace, name, uid, resourceVersion, kind }: OperatorSecretRecord,
  body: { readonly metadata: object },
  signal: AbortSignal,
): Promise<SecretObject> {
  try {
    return await api.replaceSecret(namespace, name, body, signal);
  } catch (error) {
    if (kind !== "token" || callFailure(error, "").kind !== "invalid") throw error;
    const anew = { ...body, metadata: { ...body.metadata, resourceVersion: undefined } };
    // What is invalid as it is would be refused as a new one, too.
    await api.tryCreateSecret(namespace, anew, signal).catch(() => {
      throw error;
    });
    await api.deleteSecret(namespace, name, { uid, resourceVersion }, signal);
    return api.createSecret(namespace, anew, signal);
  }
}

/** The state in which the token may be published, or why it is held back. */
export async function verify(
  context: Context,
  { grantKey, grant }: { readonly grantKey: string; readonly grant: Grant },
  { before, minted }: { readonly before: Token | undefined; readonly minted: NewToken },
  signal: AbortSignal,
): Promise<Token["state"] | Failure> {
  const { verify: tryIt, tokens } = context.grants;
  const { clock, log } = context.runtime;
  const target = tokens.target(grantKey);
  if (!target) return "Issued";
  const { image, host } = target;
  const { verification, detail = "" } = await tryIt(grant, target, minted, signal);
  const reported = { grant: grantKey, image, host, verification, detail };
  // Nobody asked for a login to be tried: that nothing was learned of it is no news.
  const isChanged = verification === "Denied" || (image !== undefined && verification !== "Verified");
  if (isChanged) log.warn("token not verified", reported);
  else log.debug("token tried", reported);
  // With an image, its owner has said what a token must do. A mere login is judged by what the old one may, and so is an image
  // that a tenant may have chosen: one that nobody may pull would keep a new password from all who share it.
  const isJudged = image === undefined || target.ofNamespace === true;
  const isComparable = isJudged && verification === "Denied" && before !== undefined;
  const old = isComparable ? await tryIt(grant, target, before, signal) : undefined;
  switch (publication(verification, before, clock.now(), !old || isTaken(old))) {
    case "hold":
      return failure("VerificationDenied", {
        cause: causeOf(grant),
        // Each attempt mints a token, and what was denied is somebody's to mend.

        message: `the new token cannot ${image === undefined ? `log in to ${host}, which the old one can` : `pull ${image}`}, so tenants keep the old one: ${detail}`,
      });
    case "publish-unverified":
      return "PublishedUnverified";
    case "publish":
      return verification === "Verified" || verification === "Authenticated" ? verification : "Issued";
  }
}

function isTaken({ verification }: Awaited<ReturnType<Context["grants"]["verify"]>>): boolean {
  return verification === "Authenticated" || verification === "Verified";
}

/**
 * Stores the same token with all who use it. That it cannot be done is no failure of the token's, and nobody else need know.
 * @param otherwise what the run has come to without that
 */
export async function storeMakers(
  context: Context,
  grantKey: string,
  otherwise: Outcome,
  signal: AbortSignal,
): Promise<Outcome> {
  const token = context.grants.tokens.token(grantKey);
  if (!token) return otherwise;
  try {
    const named = new Set((await storeToken(context, token, token, signal)).map(textOfUse));
    context.runtime.log.debug("users of a token stored", { grant: grantKey });
    // Who has come while the answer was on its way was not in it.
    const isNews = context.grants.tokens.makers(grantKey).some((maker) => !named.has(textOfUse(maker)));
    if (isNews) context.queue.enqueue(tokenKey(grantKey), { lane: "bulk" });
    return otherwise;
  } catch (error) {
    const { failure } = context.cluster.callFailure(error, `store the token Secret ${tokenSecretName(grantKey)}`);
    const { reason } = failure;
    context.runtime.log.warn("users of a token not stored", {
      grant: grantKey,
      reason,
      detail: textWithSteps(failure),
    });
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

/** Before the process ends: what is gathered for a later write. What fails is found again after the start. */
export async function storeAllMakers(context: Context, signal: AbortSignal): Promise<void> {
  const { tokens } = context.grants;
  const lacking = [...tokens.wanted()].flatMap(([grantKey]) => (tokens.lacksMakers(grantKey) ? grantKey : []));
  await Promise.all(lacking.map((grantKey) => storeMakers(context, grantKey, done, signal)));
}

function textOfUse(maker: Maker): string {
  return JSON.stringify([makerKey(maker), maker.hosts]);
}

export async function collect(
  context: Context,
  grantKey: string,
  unneeded: KnownAbsent,
  signal: AbortSignal,
): Promise<Outcome> {
  const { api, stores } = context.cluster;
  const { tokens } = context.grants;
  const { log } = context.runtime;
  const { settings } = context;
  const name = tokenSecretName(grantKey);
  const record = stores.operatorSecrets.get(`${settings.namespace}/${name}`);
  if (record?.kind === "token") {
    const { uid, resourceVersion } = record;
    try {
      await api.deleteSecret(settings.namespace, name, { uid, resourceVersion }, signal);
    } catch (error) {
      const { failure } = context.cluster.callFailure(error, `delete the token Secret ${name}`);
      return failed(failure, { of: "operatorSecrets", object: record.key });
    }
    stores.operatorSecrets.removed(record.key, resourceVersion);
    log.info("unused token deleted", { grant: grantKey });
  }
  tokens.forget(grantKey, unneeded);
  return done;
}
