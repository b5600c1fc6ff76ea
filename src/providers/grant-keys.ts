// Hashed keys of grants: short enough for a name, and cheap enough to ask for ten thousand times. Apart from grant-key.ts,
// which is pure: the hash is Node's.
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Grant } from "./grant.ts";
import { grantKeyText } from "./grant-key.ts";
import { maxEntries } from "../runtime/max-entries.ts";

// 128 bits: no two grants will ever meet, and `regcred-token-` with 32 digits is a Secret name.
const digits = 32;
// Grants that are remembered; a namespace each in a large cluster. It only saves time.
const maxKnown = 20_000;

/** Hexadecimal digits of SHA-256 over the canonical text. */
export function grantKeys(): (grant: Grant) => string {
  const known = new LRUCache<string, string>(maxEntries(maxKnown));
  return (grant) => {
    const text = grantKeyText(grant);
    const before = known.get(text);
    if (before !== undefined) return before;
    const key = createHash("sha256").update(text).digest("hex").slice(0, digits);
    known.set(text, key);
    return key;
  };
}
