// Reports on the references of a namespace: findings, Events, and the Secrets that need wait for them no longer.
import { failure } from "../../api/reasons.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { limits } from "../../cluster/object-limits.ts";
import type { Failure } from "../../runtime/errors.ts";
import { longestNote, textWithSteps } from "../../runtime/steps.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { credentialKey, secretKey } from "../keys.ts";
import { statusSoon } from "../pull-secret/report.ts";
import { requeueAfter, waitsFor } from "../outcome.ts";
import type { ReferencesFinding } from "../status-cache.ts";
import type { PatchResult } from "./apply.ts";
import type { ObservedReferences } from "./observe.ts";
import type { ReferencesRound } from "./round.ts";

/** Milliseconds that a Secret waits for references which somebody keeps us from taking: they harm nobody, its login may. */
const patience = 10_000;

/** As in nearly every namespace. */
export const noneLeaving: ReadonlyMap<string, number> = new Map();

/** Of one namespace, between runs. */
export interface ReferencesMemory {
  readonly round: ReferencesRound;
  /** Since when a Secret is about to go: elapsed milliseconds. */
  leavingSince: ReadonlyMap<string, number>;
}

/** After a round: what it has found, and that the Secrets which are about to go need wait no longer. */
export function reportRound(
  context: Context,
  known: ReferencesMemory,
  namespace: NamespaceRecord,
  observed: ObservedReferences,
): void {
  const { refers, leaving } = observed;
  const byName = known.round.results();
  const results = [...byName.values()];
  const isTooMuch = refers && context.cluster.stores.serviceAccounts.exceeds(namespace.name);
  const failures = [...results.flatMap(({ failure }) => failure ?? []), ...tooLargeFailures(byName, isTooMuch)];
  const left = leftAlone(context, known, leaving, results);
  report(context, namespace, observed, { failures, ...(left && { left }) });
  for (const secret of leaving) context.queue.enqueue(secretKey(namespace.name, secret), { lane: "normal" });
}

/** Where the operator may not see ServiceAccounts. */
export function reportMissing(
  context: Context,
  known: ReferencesMemory,
  {
    namespace,
    observed,
    missing,
  }: {
    readonly namespace: NamespaceRecord;
    readonly observed: ObservedReferences;
    readonly missing: Failure;
  },
): Outcome {
  const { leaving, refers } = observed;
  const left = new Set(leaving.filter((name) => isLong(context, known, name)));
  report(context, namespace, observed, { failures: refers ? [missing] : [], left });
  for (const secret of left) context.queue.enqueue(secretKey(namespace.name, secret), { lane: "normal" });
  const isWaiting = leaving.length > left.size;
  return { ...(isWaiting && requeueAfter(patience)), ...waitsFor({ permissions: "changes" }) };
}

/** Puts what was found into the status cache, and tells the credentials and the tenant what is new. */
function report(
  { credentials: { statusCache }, queue: { enqueue }, runtime: { events } }: Context,
  { name, uid }: NamespaceRecord,
  { credentials, formerExtras }: ObservedReferences,
  found: Pick<ReferencesFinding, "failures" | "left">,
): void {
  const { failures } = found;
  const before = statusCache.references(name);
  const newFailures = statusCache.setReferences(name, { ...found, notes: [], generations: credentials });
  // A former name is remembered until it is off every list.
  const isChanged = !before || textOf(before.failures) !== textOf(failures) || formerExtras.size > 0;
  for (const [credential, generation] of credentials) {
    if (isChanged || before.generations.get(credential) !== generation) enqueue(credentialKey(credential), statusSoon);
  }
  for (const failure of newFailures) {
    events.publish({
      regarding: { apiVersion: "v1", kind: "Namespace", namespace: name, name, uid },
      type: "Warning",
      reason: failure.reason,
      action: "Refer",
      note: textWithSteps(failure, longestNote),
    });
  }
}

function textOf(failures: readonly Failure[]): string {
  return failures.map((failure) => textWithSteps(failure)).join();
}

// Examples in a message.
const maxNamed = 3;

/** One failure for all that are too large, however many a tenant makes. @param isTooMuch see `Store.exceeds` */
function tooLargeFailures(results: ReadonlyMap<string, PatchResult>, isTooMuch: boolean): readonly Failure[] {
  const names = [...results].flatMap(([name, { tooLarge }]) => (tooLarge ? [name] : []));
  const some = `${names.slice(0, maxNamed).join(", ")}${names.length > maxNamed ? `, and ${names.length - maxNamed} more` : ""}`;
  const messages = [
    ...(names.length > 0
      ? [
          `left alone are ServiceAccounts with more than ${limits.references} imagePullSecrets, or with one whose name no Secret can have: ${some}; take off what they do not need`,
        ]
      : []),
    ...(isTooMuch
      ? [
          "the namespace has more ServiceAccounts than regcred keeps of one, and those beyond get no reference: delete some, or exclude them and refer to the pull Secret yourself",
        ]
      : []),
  ];
  return messages.map((message) => failure("TooLarge", { message }));
}

export function noteLeaving(
  { runtime: { clock } }: Context,
  memory: ReferencesMemory,
  leaving: readonly string[],
): void {
  const { leavingSince: before } = memory;
  memory.leavingSince =
    leaving.length === 0 ? noneLeaving : new Map(leaving.map((name) => [name, before.get(name) ?? clock.elapsed()]));
}

function isLong({ runtime: { clock } }: Context, { leavingSince }: ReferencesMemory, name: string): boolean {
  return clock.elapsed() - (leavingSince.get(name) ?? clock.elapsed()) >= patience;
}

/** Secrets that have waited for long enough go before the round has ended, however long a tenant makes it. */
export function letGo(
  context: Context,
  memory: ReferencesMemory,
  { name }: NamespaceRecord,
  leaving: readonly string[],
): void {
  const { statusCache } = context.credentials;
  const { enqueue } = context.queue;
  const before: ReferencesFinding = statusCache.references(name) ?? { failures: [], notes: [], generations: new Map() };
  const overdue = leaving.filter((secret) => isLong(context, memory, secret) && before.left?.has(secret) !== true);
  if (overdue.length === 0) return;
  const left = new Set([...leaving.filter((secret) => before.left?.has(secret)), ...overdue]);
  statusCache.setReferences(name, { ...before, left });
  for (const secret of overdue) enqueue(secretKey(name, secret), { lane: "normal" });
}

/**
 * Secrets about to go that need wait for references no longer: all have been taken that can be, or somebody has kept us from
 * it for long enough. Who puts one back after that does it to a Secret that is gone, which harms nobody.
 */
function leftAlone(
  context: Context,
  memory: ReferencesMemory,
  leaving: readonly string[],
  results: readonly PatchResult[],
): ReadonlySet<string> | undefined {
  if (leaving.length === 0) return undefined;
  const isTried = !results.some(({ retry }) => retry?.retry === "backoff");
  return new Set(leaving.filter((name) => isTried || isLong(context, memory, name)));
}
