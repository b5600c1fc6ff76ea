// How does a grant's key become short enough for a name, and cheap enough to ask for ten thousand times?
import { createHash } from "node:crypto";
import type { Grant } from "../plan/grant.ts";
import type { Provider } from "./provider.ts";

// 128 bits: no two grants will ever meet, and `regcred-token-` with 32 digits is a Secret name.
const digits = 32;
// Grants that are remembered; a namespace each in a large cluster. Emptied when full: it only saves time.
const mostKnown = 20_000;

/** The same provider, whose `keyFor` answers with hexadecimal digits of SHA-256 over the canonical JSON. */
export function withHashedKeys<G extends Grant>(provider: Provider<G>): Provider<G> {
  const known = new Map<string, string>();
  return {
    ...provider,
    keyFor: (grant) => {
      const canonical = provider.keyFor(grant);
      const before = known.get(canonical);
      if (before !== undefined) return before;
      if (known.size === mostKnown) known.clear();
      const key = createHash("sha256").update(canonical).digest("hex").slice(0, digits);
      known.set(canonical, key);
      return key;
    },
  };
}
