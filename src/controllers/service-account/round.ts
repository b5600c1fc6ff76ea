// The round: which ServiceAccounts of a namespace a run looks at, and which are left for the next.
import type { RevertsByKey } from "../../runtime/queue/conflict-backoff.ts";
import type { ServiceAccountRecord } from "../../cluster/records.ts";
import type { Store } from "../../runtime/watch/store.ts";
import type { PatchResult } from "./apply.ts";

/** All ServiceAccounts, by namespace and by key. */
export type Accounts = Pick<Store<ServiceAccountRecord>, "byIndex" | "get">;

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
  before(account: ServiceAccountRecord): Pick<PatchResult, "reverts" | "lost">;
  /** Of the accounts that are not as they should be, by name. */
  results(): ReadonlyMap<string, PatchResult>;
  /** The round that has ended did not see some account as it is now. */
  hasMissed(): boolean;
  /** The round that has ended leaves nothing worth its memory: all accounts are right, and so few that they may be looked at again. */
  isForgettable(): boolean;
}

// A namespace has one of its own, and a few more where its workloads have theirs.
const few = 16;

// The second one finds what has changed since the first. A tenant that changes its accounts all the time must not keep a round
// from its end, for which its Secrets may wait.
const listsOfRound = 2;

/** @param reverts of all ServiceAccounts, by uid: it outlives the round, and one that is made anew under its name is another one */
export function referencesRound(accounts: Accounts, namespace: string, reverts: RevertsByKey): ReferencesRound {
  return new AccountsRound(accounts, namespace, reverts);
}

// Of a round that is over and has nothing to remember, which most namespaces have.
const none: WeakSet<ServiceAccountRecord> = new WeakSet();

/** There is one for each namespace: its methods are shared. */
class AccountsRound implements ReferencesRound {
  readonly #accounts: Accounts;
  readonly #namespace: string;
  #text: string | undefined;
  // By record, not by name: one that has changed is another.
  #right = none;
  #tried = none;
  #lists = 0;
  #missed = false;
  // The first one is at the end.
  #rest: string[] = [];
  // The one that failed last comes last.
  #results: Map<string, PatchResult> | undefined;
  readonly #reverts: RevertsByKey;

  constructor(accounts: Accounts, namespace: string, reverts: RevertsByKey) {
    this.#accounts = accounts;
    this.#namespace = namespace;
    this.#reverts = reverts;
  }

  #isOpen(account: ServiceAccountRecord): boolean {
    return !this.#right.has(account) && !this.#tried.has(account);
  }

  #list(): void {
    const present = this.#accounts.byIndex(this.#namespace);
    const names = new Set(present.map(({ name }) => name));
    for (const name of this.#results?.keys() ?? []) if (!names.has(name)) this.#note(name, undefined);
    const open = new Set(present.filter((each) => this.#isOpen(each)).map(({ name }) => name));
    const failedLast = [...(this.#results?.keys() ?? [])].filter((name) => open.delete(name));
    this.#rest = [...open, ...failedLast].toReversed();
    this.#lists += 1;
  }

  #nextOpen(): ServiceAccountRecord | undefined {
    for (let name = this.#rest.pop(); name !== undefined; name = this.#rest.pop()) {
      const account = this.#accounts.get(`${this.#namespace}/${name}`);
      if (account && this.#isOpen(account)) return account;
    }
    return undefined;
  }

  #note(name: string, result: PatchResult | undefined): void {
    this.#results?.delete(name);
    if (result) (this.#results ??= new Map<string, PatchResult>()).set(name, result);
    else if (this.#results?.size === 0) this.#results = undefined;
  }

  want(wanted: string): void {
    if (wanted === this.#text) return;
    this.#text = wanted;
    this.#right = new WeakSet();
    this.#tried = new WeakSet();
    this.#rest = [];
    this.#lists = 0;
    this.#results = undefined;
  }

  next(): ServiceAccountRecord | undefined {
    for (;;) {
      const account = this.#nextOpen();
      if (account) return account;
      if (this.#lists === listsOfRound) break;
      this.#list();
    }
    const all = this.#accounts.byIndex(this.#namespace);
    this.#missed = all.some((each) => this.#isOpen(each));
    this.#lists = 0;
    if (this.#results || this.#missed || all.length > few) this.#tried = new WeakSet();
    else {
      // All are right, and looked at again in no time.
      this.#text = undefined;
      this.#right = none;
      this.#tried = none;
    }
    return undefined;
  }

  putBack({ name }: ServiceAccountRecord): void {
    this.#rest.push(name);
  }

  looked(account: ServiceAccountRecord, result: PatchResult): void {
    const { name } = account;
    const isRight = !result.failure && !result.retry && !result.tooLarge && result.wait === undefined;
    this.#note(name, isRight ? undefined : result);
    (isRight ? this.#right : this.#tried).add(account);
    this.#reverts.set(account.uid, result.reverts);
  }

  before({ uid, name }: ServiceAccountRecord): Pick<PatchResult, "reverts" | "lost"> {
    return { reverts: this.#reverts.of(uid), lost: this.#results?.get(name)?.lost };
  }

  results(): ReadonlyMap<string, PatchResult> {
    return new Map(this.#results ?? []);
  }

  hasMissed(): boolean {
    return this.#missed;
  }

  isForgettable(): boolean {
    return !this.#results && !this.#missed && this.#accounts.byIndex(this.#namespace).length <= few;
  }
}
