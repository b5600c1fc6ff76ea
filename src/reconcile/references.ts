// Which references do the ServiceAccounts of one namespace need? One patch each, for all credentials.
import type { Failure } from "../errors.ts";
import type { Repairs } from "../plan/damping.ts";
import { credentialKey, secretKey } from "../plan/keys.ts";
import type { NamespaceRecord } from "../plan/snapshot.ts";
import { longestNote, toldText } from "../steps.ts";
import type { Outcome } from "../queue/work-queue.ts";
import { limits } from "../watch/kept.ts";
import type { Context } from "./context.ts";
import { done, failed, soonest } from "./outcome.ts";
import { refer, type Referred } from "./refer.ts";
import { type ReferencesSituation, referencesSituation } from "./references-situation.ts";
import { statusSoon } from "./report-secret.ts";

export type ReferencesLoop = (context: Context, namespace: string, signal: AbortSignal) => Promise<Outcome>;

export function referencesLoop(): ReferencesLoop {
  // By namespace, then by ServiceAccount.
  const repairs = new Map<string, ReadonlyMap<string, Repairs>>();

  return async (context, namespaceName, signal) => {
    const { stores } = context;
    const namespace = stores.namespaces.get(namespaceName);
    if (!namespace || namespace.terminating) {
      repairs.delete(namespaceName);
      return done;
    }
    const situation = referencesSituation(context, namespace);
    const { formerExtras } = situation;
    const lacking = context.reach.serviceAccounts(namespaceName);
    if (lacking) {
      report(context, namespace, situation, situation.refers ? [{ repairs: undefined, failure: lacking }] : []);
      return done;
    }
    const results = new Map<string, Referred>();
    for (const serviceAccount of stores.serviceAccounts.byIndex(namespaceName)) {
      const wanted = { ...situation.of(serviceAccount), formerExtras };
      const before = repairs.get(namespaceName)?.get(serviceAccount.name);
      const result = await refer(context, serviceAccount, wanted, before, signal);
      if (result.namespaceGone) return done;
      results.set(serviceAccount.name, result);
    }
    remember(repairs, namespaceName, results);
    const isTooMuch = situation.refers && stores.serviceAccounts.exceeds(namespaceName);
    report(context, namespace, situation, [...results.values(), ...leftAlone(results, isTooMuch)]);
    for (const secret of situation.leaving) context.enqueue(secretKey(namespaceName, secret), { lane: "normal" });
    const retry = [...results.values()].findLast((result) => result.retry)?.retry;
    return retry ? failed(retry) : soonest(...[...results.values()].map(({ wait }) => wait));
  };
}

// Examples in a message.
const mostNamed = 3;

/** One failure for all that are too large, however many a tenant makes. @param isTooMuch see `Store.exceeds` */
function leftAlone(results: ReadonlyMap<string, Referred>, isTooMuch: boolean): readonly Referred[] {
  const names = [...results].flatMap(([name, { tooLarge }]) => (tooLarge ? [name] : []));
  const some = `${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? `, and ${names.length - mostNamed} more` : ""}`;
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
  return messages.map((message) => ({
    repairs: undefined,
    failure: { reason: "TooLarge", cause: "Tenant", retry: "on-change", message },
  }));
}

/** Accounts that are gone, and those that needed no write, are forgotten. */
function remember(
  repairs: Map<string, ReadonlyMap<string, Repairs>>,
  namespace: string,
  results: ReadonlyMap<string, Referred>,
): void {
  const kept = new Map<string, Repairs>();
  for (const [name, { repairs: lately }] of results) if (lately) kept.set(name, lately);
  if (kept.size > 0) repairs.set(namespace, kept);
  else repairs.delete(namespace);
}

/** Puts what was found on the board, and tells the credentials and the tenant what is new. */
function report(
  { board, enqueue, events }: Context,
  { name, uid }: NamespaceRecord,
  { credentials, formerExtras }: ReferencesSituation,
  results: readonly Referred[],
): void {
  const failures = results.flatMap(({ failure }) => (failure ? [failure] : []));
  const before = board.references(name);
  const news = board.setReferences(name, { failures, notes: [], generations: credentials });
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
      note: toldText(failure, longestNote),
    });
  }
}

function textOf(failures: readonly Failure[]): string {
  return failures.map((failure) => toldText(failure)).join();
}
