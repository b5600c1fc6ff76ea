// Blocker: what stands between a pod and its image, and what takes it away.
import type { Cause, Failure } from "../../runtime/errors.ts";
import { type Command, jsonValue, kubectl, type Step } from "../../runtime/steps.ts";

export interface Remedy {
  /** What to change, as the end of a sentence that begins with "to fix it, ...". */
  readonly change: string;
  /** What to type for that, in this order; empty where no command does it. */
  readonly commands: readonly Command[];
}

export interface Blocker {
  /** A row of docs/operations.md#reasons. */
  readonly reason: string;
  /** A sentence without its full stop. */
  readonly why: string;
  /** Who can fix it. */
  readonly cause: Cause;
  /** Other namespaces that it keeps from being served, as the status counts them. */
  readonly others: number;
  readonly remedy: Remedy;
}

/** What a failure of the operator's says. Where it has no steps, its message says what to do. */
export function blockerOf({ reason, cause, message, steps = [] }: Omit<Failure, "retry">, others: number): Blocker {
  return { reason, cause, others, why: message, remedy: remedyOf(steps) };
}

function remedyOf(steps: readonly Step[]): Remedy {
  return {
    change: steps.length === 0 ? "do what the message says" : steps.map(({ message }) => message).join("; "),
    commands: steps.flatMap(({ command }) => command ?? []),
  };
}

/** A command with a merge patch of a RegistryCredential. */
export function credentialPatch(name: string, spec: object): Command {
  return kubectl`patch regcred ${name} --type=merge -p ${jsonValue({ spec })}`;
}
