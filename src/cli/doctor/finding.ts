// Finding: what one check of the doctor says.
import type { Command, Step } from "../../runtime/steps.ts";

export interface Finding {
  readonly check: string;
  /** unknown: whoever asked may not see it, or nobody can from here. */
  readonly state: "well" | "bad" | "unknown";
  /** A sentence without its full stop. */
  readonly says: string;
  /** What mends it, or shows more. */
  readonly commands: readonly Command[];
}

export function well(check: string, says: string): Finding {
  return { check, state: "well", says, commands: [] };
}

export function bad(check: string, says: string, ...commands: readonly Command[]): Finding {
  return { check, state: "bad", says, commands };
}

/** Where no command does it, the sentence ends in what does. */
export function mendedBy(check: string, says: string, step: Step): Finding {
  return step.command ? bad(check, says, step.command) : bad(check, `${says}: ${step.says}`);
}

export function unknown(check: string, says: string, ...commands: readonly Command[]): Finding {
  return { check, state: "unknown", says, commands };
}

export function notSeen(check: string, what: string): Finding {
  return unknown(check, `${what} could not be read`);
}
