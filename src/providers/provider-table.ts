// Which provider serves a grant?
import type { Grant } from "./grant.ts";
import type { Provider, Providers } from "./provider.ts";

/** One provider for all grants. */
export function providerTable(providers: Providers): Provider {
  const fetch = <P extends Grant["provider"]>(grant: Extract<Grant, { provider: P }>, signal: AbortSignal) => {
    // The table pairs each kind with its grant; the compiler cannot follow that through the index.
    const provider = providers[grant.provider] as unknown as Provider<typeof grant>;
    return provider.fetch(grant, signal);
  };
  return { fetch };
}
