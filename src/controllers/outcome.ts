// Outcomes of a run, in the queue's words, and what a run may wait for.
import type { Failure } from "../runtime/errors.ts";
import type { Outcome } from "../runtime/queue/work-queue.ts";
import type { Context } from "./context.ts";

/** What a run that leaves something undone waits for, beside a time. Each kind has its trigger: see `waitedFor` in index.ts. */
export type Waited =
  /** An object of a store comes, goes, or changes in what others go by. */
  | { readonly object: string; readonly of: "credentials" | "namespaces" | "pullSecrets" | "operatorSecrets" | "crds" }
  /** All Secrets of this name are known, or may be seen again. */
  | { readonly secretsCalled: string }
  /** The record of who holds a login of the RegistryCredential with this uid is begun. */
  | { readonly recordOf: string }
  /** Something else is found of the RegistryCredential of this name in a namespace; whoever finds it tells it at once. */
  | { readonly findings: string }
  /** What else may not be seen may be seen again. */
  | { readonly permissions: "changes" };

/** Equal texts: the same is waited for. */
export function textOfWaited(waited: Waited): string {
  return JSON.stringify(waited);
}

/** Milliseconds after which to look again for one of which it is not known whether it is there. */
export const notSeen = 60_000;

/** Nothing is left undone: whatever changes brings the key by itself. */
export const done: Outcome = {};

export function requeueAfter(milliseconds: number): Outcome {
  return { requeueAfter: Temporal.Duration.from({ milliseconds: Math.max(Math.ceil(milliseconds), 1) }) };
}

/** The rest in another run, so that others have their turn between. */
export const goOn: Outcome = { requeueAfter: Temporal.Duration.from({ milliseconds: 1 }), unfinished: true };

/** Something is left undone until one of these changes. */
export function waitsFor(...all: readonly [Waited, ...Waited[]]): Outcome {
  return { waitsFor: all.map(textOfWaited) };
}

/** `on`: what can cure a failure that no time cures. */
export function failed({ retry, retryAfter }: Failure, ...on: readonly [Waited, ...Waited[]]): Outcome {
  if (retry === "on-change") return { failed: true, retry, ...waitsFor(...on) };
  return { failed: true, retry, ...(retryAfter && { retryAfter }) };
}

/** The earlier of two times to come back: earliest wins. */
export function earliest(...waits: readonly (number | undefined)[]): Outcome {
  const given = waits.filter((wait) => wait !== undefined);
  return given.length === 0 ? done : requeueAfter(Math.min(...given));
}

/** Brings the runs that wait for it. */
export function wake({ runtime: { inSlices }, queue: { waits, enqueue } }: Context, waited: Waited): void {
  void inSlices(waits.changed(textOfWaited(waited)), (key) => enqueue(key, { lane: "bulk" }));
}
