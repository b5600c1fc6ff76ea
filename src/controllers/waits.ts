// What may a run that leaves something undone wait for, beside a time? Each kind has its trigger: see `followWaits`.
import type { Context } from "./context.ts";

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

/** To be told of whatever somebody may wait for. */
export function changedIn({ waits, enqueue }: Pick<Context, "waits" | "enqueue">): (waited: Waited) => void {
  return (waited) => {
    for (const key of waits.changed(textOfWaited(waited))) enqueue(key, { lane: "bulk" });
  };
}
