// The lifecycle of an operator: starting, standby, leading, stopping. It never goes back, and may be stopped from anywhere.
import type { Cancel } from "../runtime/clock.ts";

export type Phase =
  /** `waitsFor`: in a sentence, what it cannot start without. */
  | { readonly kind: "starting"; readonly waitsFor?: string | undefined }
  /** Its stores are full; another replica, or another install, does the work. */
  | { readonly kind: "standby" }
  | { readonly kind: "leading"; readonly forgetClaim: Cancel }
  | { readonly kind: "stopping" };

export interface Lifecycle {
  readonly phase: () => Phase;
  /** Does nothing where it would go back. */
  readonly enter: (next: Phase) => void;
}

const order: readonly Phase["kind"][] = ["starting", "standby", "leading", "stopping"];

export function lifecycle(): Lifecycle {
  let phase: Phase = { kind: "starting" };
  return {
    phase: () => phase,
    enter: (next) => {
      if (order.indexOf(next.kind) >= order.indexOf(phase.kind)) phase = next;
    },
  };
}

/** What readiness is told from, beside the phase. */
export interface Readable {
  /** Everything is known that has to be before a Secret is judged. */
  readonly knowsCluster: () => boolean;
  /** What the API server does not show. */
  readonly refused: () => readonly string[];
  /** Why another install serves the cluster, in a sentence. */
  readonly obstacle: () => string | undefined;
}

/** Why it is not ready, in a sentence; undefined: it is. */
export function whyNotReady(phase: Phase, { knowsCluster, refused, obstacle }: Readable): string | undefined {
  switch (phase.kind) {
    case "stopping":
      return "it is being stopped";
    case "starting":
      return phase.waitsFor ?? notKnown(refused());
    case "standby":
    case "leading":
      return knowsCluster() ? obstacle() : notKnown(refused());
  }
}

function notKnown(refused: readonly string[]): string {
  return refused.length === 0
    ? "it does not know the cluster yet"
    : `it does not know the cluster yet: it may not list and watch ${refused.join(", ")}`;
}
