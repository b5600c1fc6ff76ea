// The ways in which regcred is installed.
import type { World } from "./world.ts";

export interface Way {
  readonly name: string;
  /** It leaves through a proxy, trusts a private authority, and runs as whom the cluster chooses. */
  readonly isInDataCentre: boolean;
  /** Called once before the first `apply`, when the namespace is there. */
  prepare(world: World): Promise<void>;
  /** Installs it, or replaces what is installed, with the image of this tag. */
  apply(world: World, tag: string): Promise<void>;
  /** Removes it as docs/operations.md says. */
  remove(world: World): Promise<void>;
}

/** The operator's namespace. */
export const system = "regcred-system";

/** With which the nodes pull the operator's own image. */
export const ownPullSecret = "registry-login";
