// In which ways is regcred installed?
import type { World } from "./world.ts";

export interface Way {
  readonly name: string;
  /** Installs it, or replaces what is installed, with the image of this tag. */
  apply(world: World, tag: string): Promise<void>;
  /** Removes it as docs/operations.md says. */
  remove(world: World): Promise<void>;
}

/** With which the nodes pull the operator's own image. */
export const ownPullSecret = "registry-login";
