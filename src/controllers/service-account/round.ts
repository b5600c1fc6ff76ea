// The round: which ServiceAccounts of a namespace a run looks at, and which are left for the next.
import type { Reverts } from "../../runtime/queue/conflict-backoff.ts";
import type { ServiceAccountRecord } from "../../cluster/records.ts";
import type { PatchResult } from "./apply.ts";

/** Those of one namespace. */
export interface Accounts {
  all(): readonly ServiceAccountRecord[];
  get(name: string): ServiceAccountRecord | undefined;
}

/**
 * A round looks at each ServiceAccount of a namespace, a few in each run, so that ten thousand of them hold no worker and no run
 * is cut off. What was found right stays so until the account changes, or what is wanted of it; what failed is tried again
 * in the next round, after all the others.
 */
export interface ReferencesRound {
  /** To be called in each run. Where something else is wanted, everything is looked at anew. */
  want(wanted: string): void;
  /** The account whose turn it is; undefined at the end of the round. */
  next(): ServiceAccountRecord | undefined;
  /** The run is over before this one had its turn. */
  putBack(account: ServiceAccountRecord): void;
  looked(account: ServiceAccountRecord, result: PatchResult): void;
  /** What is to be remembered of it. */
  before(name: string): Pick<PatchResult, "reverts" | "lost">;
  /** Of the accounts that are not as they should be, by name. */
  results(): ReadonlyMap<string, PatchResult>;
  /** The round that has ended did not see some account as it is now. */
  hasMissed(): boolean;
}

// The second one finds what has changed since the first. A tenant that changes its accounts all the time must not keep a round
// from its end, for which its Secrets may wait.
const listsOfRound = 2;

export function referencesRound(accounts: Accounts): ReferencesRound {
  let text: string | undefined;
  // By record, not by name: one that has changed is another.
  let right = new WeakSet<ServiceAccountRecord>();
  let tried = new WeakSet<ServiceAccountRecord>();
  let lists = 0;
  let missed = false;
  // The first one is at the end.
  let rest: string[] = [];
  // The one that failed last comes last.
  const results = new Map<string, PatchResult>();
  const reverts = new Map<string, Reverts>();

  const isOpen = (account: ServiceAccountRecord): boolean => !right.has(account) && !tried.has(account);

  const list = (): void => {
    const present = accounts.all();
    const names = new Set(present.map(({ name }) => name));
    for (const known of [results, reverts]) for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    const open = new Set(present.filter(isOpen).map(({ name }) => name));
    const failedLast = [...results.keys()].filter((name) => open.delete(name));
    rest = [...open, ...failedLast].toReversed();
    lists += 1;
  };

  const nextOpen = (): ServiceAccountRecord | undefined => {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      const account = accounts.get(name);
      if (account && isOpen(account)) return account;
    }
    return undefined;
  };

  return {
    want: (wanted) => {
      if (wanted === text) return;
      text = wanted;
      right = new WeakSet();
      tried = new WeakSet();
      rest = [];
      lists = 0;
      results.clear();
    },
    next: () => {
      for (;;) {
        const account = nextOpen();
        if (account) return account;
        if (lists === listsOfRound) break;
        list();
      }
      missed = accounts.all().some(isOpen);
      tried = new WeakSet();
      lists = 0;
      return undefined;
    },
    putBack: ({ name }) => void rest.push(name),
    looked: (account, result) => {
      const { name } = account;
      const isRight = !result.failure && !result.retry && !result.tooLarge && result.wait === undefined;
      results.delete(name);
      if (!isRight) results.set(name, result);
      (isRight ? right : tried).add(account);
      if (result.reverts) reverts.set(name, result.reverts);
      else reverts.delete(name);
    },
    before: (name) => ({ reverts: reverts.get(name), lost: results.get(name)?.lost }),
    results: () => new Map(results),
    hasMissed: () => missed,
  };
}
