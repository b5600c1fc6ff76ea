// Under which text do equal grants meet?
import type { Grant } from "./grant.ts";

// Raised when the same grant would be written differently: tokens stored under the old text are then minted anew, once.
const version = 1;

/** Canonical JSON: members in the order of their names, those that are undefined left out. The caller hashes it. */
export function grantKeyText(grant: Grant): string {
  const { provider, ...rest } = grant.provider === "Static" ? { ...grant, perTenant: undefined } : grant;
  return JSON.stringify(canonical({ v: version, provider, ...rest }));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, canonical(member)]),
  );
}
