// The gate: what a key needs before it may run, beside its turn.
import type { Lane } from "./lane-turns.ts";

/** Keys that need the same: what holds up one of them holds up all. */
export interface LineName {
  readonly name: string;
  /** A change of it (`GateListener.changed`) may let them go on. */
  readonly subject: string;
}

export interface GateListener {
  /** There is room again for one that lacked this. */
  room(lacked: string): void;
  /** Whatever keys with this subject lacked, they may need something else by now. */
  changed(subject: string): void;
}

/**
 * Stands between a ready key and its run, so that no run has to wait for a place. It is asked in the moment in which the key
 * would start, and its answers may change until then.
 */
export interface Gate {
  /** Undefined: the key needs nothing. */
  lineOf(key: string, lane: Lane): LineName | undefined;
  /** Takes what the key needs, all of it or nothing; the name of what there is no room for, if there is not. */
  enter(key: string): string | undefined;
  /** Whether one that lacked this would find room. */
  hasRoom(lacked: string): boolean;
  /** Of those that lacked this and have had no turn yet, the last that came goes first; otherwise the first that came. */
  isNewestFirst(lacked: string): boolean;
  /** The run has ended, in whatever way. Gives back what the key still has. */
  leave(key: string): void;
  /** One listener, the last one set. */
  listen(listener: GateListener): void;
}
