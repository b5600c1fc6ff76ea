// Plans the drain of a RegistryCredential that is deleted: whether it is over, what keeps it, and when to look again.
import { failure } from "../../api/reasons.ts";
import type { Draining, HeldUp } from "./plan-types.ts";

// References to Secrets that are gone harm nobody, nor do our marks on Secrets that are none of ours, and tenants can go on
// adding both; and a tenant can see to it that its Secret cannot be taken away, whose login it has had anyway. So a deletion
// waits no longer than this for either, in milliseconds. What can be taken off afterwards is.
const patience = 10_000;
// Nor for tenants that take turns in keeping it, so that each does only when another one does not. Milliseconds.
const patienceWithTurns = 60_000;
// That nothing goes, and nobody says why, is told after as many milliseconds.
const longestStandstill = 20_000;
// After a start everything has been looked at by then.
const settleTime = 60_000;

const lookAgain = 1_000;
// What has stood still for long is looked at ever more seldom, in milliseconds: each change brings it by itself.
const longestRest = 10_000;
const restForStandstill = 1 / 20;
// To look at ten thousand namespaces takes a while: a fifth of the time at most.
const restForWork = 4;
// Examples in a message.
const maxNamed = 3;

/** Namespaces in which something of the credential is left. */
export interface Left {
  /** Members: a Secret of ours. */
  readonly secrets: ReadonlySet<string>;
  /** Of these: where it is the tenant that keeps it. */
  readonly kept: ReadonlySet<string>;
  /** Of these: where nothing has been refused that says why it is still there. */
  readonly unexplained: ReadonlySet<string>;
  /** What any tenant may have written, or nothing: a recorded reference, our marks on a Secret that is none of ours. */
  readonly harmless: ReadonlySet<string>;
}

export const nothingLeft: Left = { secrets: new Set(), kept: new Set(), unexplained: new Set(), harmless: new Set() };

/** What a deletion has waited for so far, in elapsed milliseconds. */
export interface Waiting {
  /** When this program has first looked. */
  readonly since: number;
  /** Until then it is not looked at again, whatever is found meanwhile, as long as more than half of its members are left. */
  restsUntil: number;
  /** How many members there were when it was looked at last. */
  members: number;
  /** It has not been found again since then what blocked it before. */
  settles: boolean;
  /** Since when nothing is left that it waits for without end. */
  last: number | undefined;
  /** By namespace: since when it is a tenant that keeps the Secret. */
  readonly kept: Map<string, number>;
  /** The fewest namespaces that were left, and since when; Infinity while it cannot be said. */
  fewest: { readonly count: number; readonly since: number };
}

/** @param settles its status says that it was blocked */
export function newWaiting(now: number, settles: boolean): Waiting {
  return {
    since: now,
    restsUntil: now,
    members: 0,
    settles,
    last: undefined,
    kept: new Map(),
    fewest: { count: Infinity, since: now },
  };
}

/** Whether nothing is left to wait for: of what is, tenants have kept it for long enough. Notes who keeps what. */
export function isOver(waiting: Waiting, { secrets, kept, unexplained, harmless }: Left, now: number): boolean {
  const count = secrets.size + harmless.size;
  if (count < waiting.fewest.count) waiting.fewest = { count, since: now };
  for (const namespace of kept) if (!waiting.kept.has(namespace)) waiting.kept.set(namespace, now);
  const every = (test: (namespace: string) => boolean): boolean => {
    for (const namespace of secrets) if (!test(namespace)) return false;
    return true;
  };
  // One who keeps it only now and then starts nothing anew.
  waiting.last = every((namespace) => waiting.kept.has(namespace)) ? (waiting.last ?? now) : undefined;
  const isLong = (since: number | undefined, max = patience): boolean => since !== undefined && now - since >= max;
  const isKept = (namespace: string): boolean => {
    const since = waiting.kept.get(namespace);
    return kept.has(namespace) ? isLong(since) : unexplained.has(namespace) && isLong(since, patienceWithTurns);
  };
  return every(isKept) && (harmless.size === 0 || isLong(waiting.last));
}

/** What was told before a start is not unsaid before it has been looked for. */
export function isSettled(waiting: Waiting, { blocked }: Draining, now: number): boolean {
  waiting.settles &&= blocked.length === 0 && now - waiting.since < settleTime;
  return !waiting.settles;
}

/**
 * Nothing that goes, and nobody who says why, is told as well.
 * @param blocked what is known to keep it
 */
export function drainingOf(
  { secrets, harmless }: Left,
  blocked: readonly HeldUp[],
  { fewest }: Waiting,
  {
    names,
    now,
    elapsed,
  }: { readonly names: readonly string[]; readonly now: Temporal.Instant; readonly elapsed: number },
): Draining {
  const left = secrets.union(harmless);
  const [first] = firstOf(left);
  const standsStill = elapsed - fewest.since >= longestStandstill;
  if (blocked.length > 0 || first === undefined || !standsStill) return { left: left.size, blocked };
  return { left: left.size, blocked: [{ namespace: first, failure: standstill(first, names), since: now }] };
}

function standstill(namespace: string, names: readonly string[]): HeldUp["failure"] {
  const secrets = names.map((name) => `${namespace}/${name}`).join(", ");
  return failure("Draining", {
    message: `nothing has been refused, but nothing has gone for a while: the Secret ${secrets}, or a reference to it; the operator's log may say why`,
  });
}

/** It is not to be looked at yet: a look costs as much as is left, and all looks together no more than a few times what is to go. */
export function rests({ restsUntil, members }: Waiting, now: number, membersNow: number): boolean {
  return restsUntil > now && (members === 0 || membersNow > members / 2);
}

/** Milliseconds. @param began when the look that has just ended did */
export function restAfter(waiting: Waiting, { secrets, harmless }: Left, began: number, now: number): number {
  const rest = Math.min((now - waiting.fewest.since) * restForStandstill, longestRest);
  const restForThis = Math.max((now - began) * restForWork, restForLook(secrets.size + harmless.size));
  waiting.restsUntil = now + restForThis;
  return Math.max(lookAgain, rest, restForThis);
}

/**
 * Milliseconds after a look at so many things before the next: one for each where they are more than are looked at in a second anyway.
 * So looks cost no more in a second however many there are.
 */
export function restForLook(things: number): number {
  return things > lookAgain ? things : 0;
}

/** The first ones by name, as examples. */
export function firstOf(names: Iterable<string>): readonly string[] {
  const first: string[] = [];
  for (const name of names) {
    const last = first[maxNamed - 1];
    if (last !== undefined && last <= name) continue;
    first.push(name);
    first.sort();
    if (first.length > maxNamed) first.pop();
  }
  return first;
}
