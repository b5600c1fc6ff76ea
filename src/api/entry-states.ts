// States of an entry in status.registries: what each means, how bad it is, and the colour that it is shown in.

interface EntryState {
  /** From the worst, 0, on; an entry is in the worst state of its grants. */
  readonly rank: number;
  readonly description: string;
  /** good: pulls work. doubtful: somebody should look, or wait. lost: what namespaces had has ended. */
  readonly health: "good" | "doubtful" | "lost";
}

export const entryStates = {
  Pending: { rank: 2, health: "doubtful", description: "no token yet" },
  Issued: { rank: 4, health: "good", description: "in force, not tried or nothing learned" },
  Authenticated: { rank: 5, health: "good", description: "in force, and the registry takes the login" },
  Verified: { rank: 6, health: "good", description: "in force, and seen to pull verify.image" },
  PublishedUnverified: { rank: 3, health: "doubtful", description: "in force although the registry refused it" },
  Failing: { rank: 1, health: "doubtful", description: "cannot be renewed, the old one lives" },
  Expired: { rank: 0, health: "lost", description: "none lives" },
} as const satisfies Readonly<Record<string, EntryState>>;

export type EntryStateName = keyof typeof entryStates;

export const entryStateNames = Object.keys(entryStates) as [EntryStateName, ...EntryStateName[]];

/** Pending where there is none to judge. */
export function worstState(states: readonly EntryStateName[]): EntryStateName {
  const [worst = "Pending"] = states.toSorted((one, other) => entryStates[one].rank - entryStates[other].rank);
  return worst;
}
