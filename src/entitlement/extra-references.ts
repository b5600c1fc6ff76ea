// The names that a credential refers to beside its own, and those that it did.
import type { RegistryCredential } from "../api/registry-credential.ts";

export interface ExtraReferences {
  /** Wanted, and remembered in the status: may be added. */
  readonly current: readonly string[];
  /** Wanted, and not remembered yet: nothing is done about them. */
  readonly coming: readonly string[];
  /** Remembered, and no longer wanted: may be taken back. */
  readonly former: readonly string[];
}

// As many as the status may list: src/api/status-schema.ts.
const maxRemembered = 32;

/** The status remembers them across restarts, and before the first is added. */
export function extraReferences({ spec, status }: Pick<RegistryCredential, "spec" | "status">): ExtraReferences {
  const wanted = spec.pullSecret.extraReferences ?? [];
  const remembered = status?.extraReferences ?? [];
  return {
    current: wanted.filter((name) => remembered.includes(name)),
    coming: wanted.filter((name) => !remembered.includes(name)),
    // Its own name is never one, whatever the status says.
    former: remembered.filter((name) => !wanted.includes(name) && name !== spec.pullSecret.name),
  };
}

/** As the status lists them; a former one stays listed as long as a ServiceAccount's record has it. */
export function rememberedExtras(extras: ExtraReferences, recorded: ReadonlySet<string>): string[] {
  const { current, coming, former } = extras;
  return [...current, ...coming, ...former.filter((name) => recorded.has(name))].slice(0, maxRemembered);
}
