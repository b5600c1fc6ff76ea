// Finding: what one check of the doctor found.
import type { Command, Step } from "../../runtime/steps.ts";

export interface Finding {
  readonly check: string;
  /** unknown: whoever asked may not see it, or nobody can from here. */
  readonly state: "well" | "bad" | "unknown";
  /** A sentence without its full stop. */
  readonly message: string;
  /** What fixes it, or shows more. */
  readonly commands: readonly Command[];
}

export function well(check: string, message: string): Finding {
  return { check, state: "well", message, commands: [] };
}

export function bad(check: string, message: string, ...commands: readonly Command[]): Finding {
  return { check, state: "bad", message, commands };
}

/** Where no command does it, the sentence ends in what does. */
export function fixedBy(check: string, message: string, step: Step): Finding {
  return step.command ? bad(check, message, step.command) : bad(check, `${message}: ${step.message}`);
}

export function unknown(check: string, message: string, ...commands: readonly Command[]): Finding {
  return { check, state: "unknown", message, commands };
}

export function notSeen(check: string, what: string): Finding {
  return unknown(check, `${what} could not be read`);
}
