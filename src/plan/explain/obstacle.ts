// What stands between a pod and its image, and what takes it away?
import type { Cause, Failure } from "../../errors.ts";

export interface Remedy {
  /** What to change, as the end of a sentence that begins with "to mend it, ...". */
  readonly change: string;
  /** What to type for that, in this order; empty where no command does it. */
  readonly commands: readonly string[];
}

export interface Obstacle {
  /** A row of docs/operations.md#reasons. */
  readonly reason: string;
  /** A sentence without its full stop. */
  readonly why: string;
  /** Who can mend it. */
  readonly cause: Cause;
  /** Other namespaces that it keeps from being served, as the status counts them. */
  readonly others: number;
  readonly remedy: Remedy;
}

/** What a failure of the operator's says, with the commands in it. */
export function obstacleOf({ reason, cause, message }: Failure, others: number): Obstacle {
  return {
    reason,
    cause,
    others,
    why: message,
    remedy: { change: "do what the message says", commands: commandsIn(message) },
  };
}

/** Commands in a message stand in parentheses, or end it. */
export function commandsIn(message: string): readonly string[] {
  return [...message.matchAll(/\((kubectl [^()]+)\)|(kubectl (?:(?! \(or |, or |; | and then )[^])+)/g)].map(
    ([, enclosed, open]) => (enclosed ?? open ?? "").trim().replace(/[.,]$/, ""),
  );
}

/** A command with a merge patch of a RegistryCredential. */
export function credentialPatch(name: string, spec: object): string {
  return `kubectl patch regcred ${name} --type=merge -p ${quoted(JSON.stringify({ spec }))}`;
}

/** As a POSIX shell takes it as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
