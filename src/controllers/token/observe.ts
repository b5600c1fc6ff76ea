// Observes what a token must fit, and when it is due.
import { crdName } from "../../api/names.ts";
import type { Token } from "../../cluster/token.ts";
import { sourceVersions } from "../../providers/grant-key.ts";
import type { Context } from "../context.ts";
import { crdOutdated } from "../crd-outdated.ts";
import type { Attempts } from "../../grants/grant-tracker.ts";
import { dueAt, patienceLeft } from "./plan-refresh.ts";
import type { RefreshRequest } from "../../grants/refresh.ts";

/** What says when a token is due: the operator asks before there is a whole context, too. */
interface Renewing {
  readonly runtime: Pick<Context["runtime"], "clock">;
  readonly settings: Pick<Context["settings"], "namespace">;
  readonly cluster: Pick<Context["cluster"], "stores">;
  readonly grants: Pick<Context["grants"], "tokens">;
}

/** Whether a run would ask the provider now. */
export function asksProvider(context: Renewing, grantKey: string): boolean {
  const { tokens } = context.grants;
  const { clock } = context.runtime;
  const { stores } = context.cluster;
  const attempts = tokens.attempts(grantKey);
  if (!attempts || !tokens.isNeeded(grantKey)) return false;
  const refreshRequest = refreshRequestOf(context, attempts);
  const token = tokens.token(grantKey);
  const left = untilDue(context, token, refreshRequest);
  if (left === undefined || left > 0) return false;
  if (!token && crdOutdated(stores.crds.get(crdName))) return false;
  return patienceLeft(attempts.refused, refreshRequest, clock.elapsed()) <= 0;
}

export function refreshRequestOf(
  { cluster: { stores }, settings }: Pick<Renewing, "cluster" | "settings">,
  { grant, refreshes = {} }: Attempts,
): RefreshRequest {
  return {
    fingerprint: sourceVersions(grant, settings.namespace, (key) => stores.operatorSecrets.get(key)),
    refreshes,
  };
}

/** Milliseconds; undefined for a token that names no end. */
export function untilDue(
  { runtime: { clock }, grants: { tokens } }: Pick<Renewing, "runtime" | "grants">,
  token: Token | undefined,
  refreshRequest: RefreshRequest,
): number | undefined {
  const now = clock.now();
  return dueAt(token, refreshRequest, now, token && tokens.repeats.of(token.grantKey))
    ?.since(now)
    .total("milliseconds");
}
