// Which references do the ServiceAccounts of one namespace need? One patch each, for all credentials.
import type { Failure } from "../../runtime/errors.ts";
import { credentialKey, partsOf, secretKey } from "../keys.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { longestNote, textWithSteps } from "../../runtime/steps.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { limits } from "../../cluster/object-limits.ts";
import type { ReferencesFinding } from "../status-cache.ts";
import type { Context } from "../context.ts";
import { charged, metered } from "../../cluster/metered-api.ts";
import { requeueAfter, done, failed, goOn, earliest, waitsFor } from "../outcome.ts";
import { refer, type Referred } from "./apply.ts";
import { type ReferencesRound, referencesRound } from "./round.ts";
import { type ReferencesSituation, referencesSituation } from "./observe.ts";
import { statusSoon } from "../pull-secret/report.ts";
import { referencesEverywhere, referencesWatches } from "./watches.ts";

export type ReferencesLoop = (context: Context, namespace: string, signal: AbortSignal) => Promise<Outcome>;

// A run is short, whatever its namespace holds, because others wait for its place: some 50 ms of an API server that has
// time, a few milliseconds of our own.
const maxUnits = 10;
const maxLookedAt = 1_000;
/** Milliseconds. Where the API server is slow, a run ends after this and one more request. */
const longestRun = 250;
/** Cost as much of our time as a request. */
const lookedAtForUnit = 500;
/** How soon what a round has missed is looked at, where something has to be tried again anyway. */
const missedWithin = Temporal.Duration.from({ seconds: 1 });
/** Milliseconds that a Secret waits for references which somebody keeps us from taking: they harm nobody, its login may. */
const patience = 10_000;

interface Memory {
  readonly round: ReferencesRound;
  /** Since when a Secret is about to go: elapsed milliseconds. */
  readonly leavingSince: Map<string, number>;
}

export function serviceAccountController(context: Context): Controller {
  const run = referencesLoop();
  return {
    name: "references",
    watches: referencesWatches(context),
    initial: () => referencesEverywhere(context.stores.namespaces.values(), { lane: "bulk" }),
    reconcile: (key, signal) => charged(context, (counting) => run(counting, partsOf(key)[0], signal)),
  };
}

export function referencesLoop(): ReferencesLoop {
  const memories = new Map<string, Memory>();

  return async (context, namespaceName, signal) => {
    const { stores, enqueue } = context;
    const sighting = stores.namespaces.look(namespaceName);
    if (sighting.kind !== "there" && sighting.kind !== "absent")
      return waitsFor({ of: "namespaces", object: namespaceName });
    if (sighting.kind === "absent" || sighting.record.terminating) {
      memories.delete(namespaceName);
      return done;
    }
    const namespace = sighting.record;
    const situation = referencesSituation(context, namespace);
    const missing = context.permissions.serviceAccounts(namespaceName);
    const memory = memories.get(namespaceName) ?? newMemory(context, namespaceName);
    memories.set(namespaceName, memory);
    const { round } = memory;
    noteLeaving(context, memory, situation.leaving);
    if (missing) {
      const left = new Set(situation.leaving.filter((name) => isLong(context, memory, name)));
      report(context, namespace, situation, { failures: situation.refers ? [missing] : [], left });
      for (const secret of left) enqueue(secretKey(namespaceName, secret), { lane: "normal" });
      const isWaiting = situation.leaving.length > left.size;
      return { ...(isWaiting && requeueAfter(patience)), ...waitsFor({ permissions: "changes" }) };
    }
    const { ended, lookedAt } = await someOf(context, round, situation, signal);
    const cost = lookedAt / lookedAtForUnit;
    if (ended === "namespaceGone") return done;
    if (ended === "early") {
      letGo(context, memory, namespace, situation.leaving);
      return { ...goOn, cost };
    }
    const byName = round.results();
    const results = [...byName.values()];
    const isTooMuch = situation.refers && context.stores.serviceAccounts.exceeds(namespaceName);
    const failures = [...results.flatMap(({ failure }) => failure ?? []), ...tooLargeFailures(byName, isTooMuch)];
    report(context, namespace, situation, { failures, left: leftAlone(context, memory, situation.leaving, results) });
    for (const secret of situation.leaving) enqueue(secretKey(namespaceName, secret), { lane: "normal" });
    return { ...afterRound(namespaceName, results, round.hasMissed()), cost };
  };
}

/** Where somebody changes an account whenever it is about to be written, each try makes it one that was missed. */
function afterRound(namespace: string, results: readonly Referred[], hasMissed: boolean): Outcome {
  const back = requeue(namespace, results);
  if (!hasMissed) return back;
  return back.failed ? { ...back, retryWithin: missedWithin } : goOn;
}

/** What one account waits for makes no other wait longer. */
function requeue(namespace: string, results: readonly Referred[]): Outcome {
  const waits = earliest(...results.map(({ wait }) => wait));
  const retries = results.flatMap(({ retry }) => retry ?? []);
  const retry = retries.find((each) => each.retry === "backoff") ?? retries.at(-1);
  if (!retry) return waits;
  const within = "requeueAfter" in waits && waits.requeueAfter ? { retryWithin: waits.requeueAfter } : {};
  return { ...failed(retry, { of: "namespaces", object: namespace }), ...within };
}

// Examples in a message.
const maxNamed = 3;

/** One failure for all that are too large, however many a tenant makes. @param isTooMuch see `Store.exceeds` */
function tooLargeFailures(results: ReadonlyMap<string, Referred>, isTooMuch: boolean): readonly Failure[] {
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
  return messages.map((message) => ({ reason: "TooLarge", cause: "Tenant", retry: "on-change", message }));
}

function newMemory({ stores }: Context, namespace: string): Memory {
  const accounts = {
    all: () => stores.serviceAccounts.byIndex(namespace),
    get: (name: string) => stores.serviceAccounts.get(`${namespace}/${name}`),
  };
  return { round: referencesRound(accounts), leavingSince: new Map() };
}

/** As many of the round as one run may take. */
async function someOf(
  context: Context,
  round: ReferencesRound,
  situation: ReferencesSituation,
  signal: AbortSignal,
): Promise<{ readonly ended: "round" | "early" | "namespaceGone"; readonly lookedAt: number }> {
  const { clock } = context;
  const { api, cost } = metered(context.api);
  const { formerExtras } = situation;
  const began = clock.elapsed();
  round.want(situation.text);
  let lookedAt = 0;
  for (let account = round.next(); account; account = round.next()) {
    if (lookedAt >= maxLookedAt || cost() >= maxUnits || clock.elapsed() - began >= longestRun) {
      round.putBack(account);
      return { ended: "early", lookedAt };
    }
    const wanted = { ...situation.of(account), formerExtras };
    const result = await refer({ ...context, api }, account, wanted, round.before(account.name), signal);
    if (result.namespaceGone) return { ended: "namespaceGone", lookedAt };
    round.looked(account, result);
    lookedAt += 1;
  }
  return { ended: "round", lookedAt };
}

function noteLeaving({ clock }: Context, { leavingSince }: Memory, leaving: readonly string[]): void {
  for (const name of leavingSince.keys()) if (!leaving.includes(name)) leavingSince.delete(name);
  for (const name of leaving) if (!leavingSince.has(name)) leavingSince.set(name, clock.elapsed());
}

function isLong({ clock }: Context, { leavingSince }: Memory, name: string): boolean {
  return clock.elapsed() - (leavingSince.get(name) ?? clock.elapsed()) >= patience;
}

/** Secrets that have waited for long enough go before the round has ended, however long a tenant makes it. */
function letGo(context: Context, memory: Memory, { name }: NamespaceRecord, leaving: readonly string[]): void {
  const { statusCache, enqueue } = context;
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
  memory: Memory,
  leaving: readonly string[],
  results: readonly Referred[],
): ReadonlySet<string> {
  const isTried = !results.some(({ retry }) => retry?.retry === "backoff");
  return new Set(leaving.filter((name) => isTried || isLong(context, memory, name)));
}

/** Puts what was found on the board, and tells the credentials and the tenant what is new. */
function report(
  { statusCache, enqueue, events }: Context,
  { name, uid }: NamespaceRecord,
  { credentials, formerExtras }: ReferencesSituation,
  found: Pick<ReferencesFinding, "failures" | "left">,
): void {
  const { failures } = found;
  const before = statusCache.references(name);
  const news = statusCache.setReferences(name, { ...found, notes: [], generations: credentials });
  // A former name is remembered until it is off every list.
  const isNews = !before || textOf(before.failures) !== textOf(failures) || formerExtras.size > 0;
  for (const [credential, generation] of credentials) {
    if (isNews || before.generations.get(credential) !== generation) enqueue(credentialKey(credential), statusSoon);
  }
  for (const failure of news) {
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
