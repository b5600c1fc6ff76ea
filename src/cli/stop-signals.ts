// Signals that ask this process to stop, heard from its first moment on.
//
// Node as process 1 of a container has no other answer to them: what comes before anybody listens would be lost. So this module
// is imported before all others.
import { exitCodes } from "./exit-codes.ts";

export type StopSignal = "SIGTERM" | "SIGINT";

const early: StopSignal[] = [];
let listener: ((signal: StopSignal) => void) | undefined;
let isEnding = false;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (listener) return listener(signal);
    early.push(signal);
    // Whoever asks twice does not wait, and a command that has stopped listening has done its work.
    if (isEnding || early.length > 1) process.exit(exitCodes[signal]);
  });
}

/** Calls back for each signal, also for one that came before; returns what ends that. One listener, the last one set. */
export function onStopSignal(call: (signal: StopSignal) => void): () => void {
  listener = call;
  for (const signal of early.splice(0)) call(signal);
  return () => {
    listener = undefined;
    isEnding = true;
  };
}
